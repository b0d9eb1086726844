"""What an independent reader finds in messages: python's email, openpyxl for workbooks, icalendar for calendars.
Takes .eml files, prints one JSON object for each."""
import email, email.policy, io, json, sys


def book(data):
    import openpyxl
    sheets = openpyxl.load_workbook(io.BytesIO(data))
    rows = {s.title: [[c.value if c.value is None else str(c.value) for c in r] for r in s.iter_rows()] for s in sheets}
    kinds = sorted({c.data_type for s in sheets for r in s.iter_rows() for c in r})
    return {"rows": rows, "kinds": kinds, "created": str(sheets.properties.created)}


def calendar(data):
    import icalendar
    found = icalendar.Calendar.from_ical(data)
    events = [{
        "uid": str(e["UID"]), "sequence": int(e["SEQUENCE"]), "status": str(e["STATUS"]),
        "day": str(e.decoded("DTSTART")), "until": str(e.decoded("DTEND")), "stamp": str(e.decoded("DTSTAMP")),
        "summary": str(e["SUMMARY"]), "place": str(e["LOCATION"]), "errors": [str(x) for x in e.errors],
    } for e in found.walk("VEVENT")]
    lines = data.split(b"\r\n")
    return {"method": str(found["METHOD"]), "events": events, "longest": max(map(len, lines)), "bare": data.replace(b"\r\n", b"").count(b"\n")}


for name in sys.argv[1:]:
    raw = open(name, "rb").read()
    message = email.message_from_bytes(raw, policy=email.policy.default)
    parts, files, texts = [], {}, {}
    for part in message.walk():
        parts.append({
            "type": part.get_content_type(), "file": part.get_filename(), "cid": part["Content-ID"],
            "defects": [str(d) for d in part.defects], "disposition": part.get_content_disposition(),
            "method": part.get_param("method"),
        })
        if part.is_multipart():
            continue
        content = part.get_content()
        if part.get_content_disposition() != "attachment":
            texts[part.get_content_type()] = content if isinstance(content, str) else len(content)
            continue
        data = content.encode() if isinstance(content, str) else content
        if part.get_filename().endswith(".xlsx"):
            files["list"] = dict(book(data), bytes=len(data))
        if part.get_filename().endswith(".ics"):
            files["calendar"] = dict(calendar(part.get_payload(decode=True)), bytes=len(data))
    headers = [k.lower() for k in message.keys()]
    print(json.dumps({
        "parts": parts, "files": files, "texts": texts, "bytes": len(raw), "subject": message["Subject"],
        "to": message["To"], "id": message["Message-ID"], "headers": headers,
        "longest": max(map(len, raw.split(b"\r\n"))), "bare": raw.replace(b"\r\n", b"").count(b"\n"),
    }))
