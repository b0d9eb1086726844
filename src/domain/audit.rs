//! What the audit log writes down.

use super::words::words;

words! {
    /// Something that somebody did, or saw, or was refused.
    pub enum Action {
        /// Made an account.
        AccountAdd = "account-add",
        /// Removed an account with its logins, tokens and uploads.
        AccountRemove = "account-remove",
        /// Changed a password.
        AccountPassword = "account-password",
        /// Gave places of an older version to the campaigns that have them.
        AccountPlaces = "account-places",
        /// Logged in.
        Login = "login",
        /// Gave a wrong password.
        LoginFailed = "login-failed",
        /// Was not let in by the sign-in service.
        OidcRefused = "oidc-refused",
        /// Bound an identity of the sign-in service to an account.
        IdentityBind = "identity-bind",
        /// Took such an identity away.
        IdentityRelease = "identity-release",
        /// Logged out.
        Logout = "logout",
        /// Ended logins of an account.
        LoginEnd = "login-end",
        /// Set up a second factor.
        FactorAdd = "factor-add",
        /// Took a second factor away.
        FactorRemove = "factor-remove",
        /// Said that an account must have a second factor, or need not.
        FactorRequire = "factor-require",
        /// Made new recovery codes.
        FactorCodes = "factor-codes",
        /// Made a token for a program.
        TokenAdd = "token-add",
        /// Removed a token.
        TokenRemove = "token-remove",
        /// Asked for something that it may not have, or sent something that could not be taken.
        Refused = "refused",
        /// Saw who of the register is due.
        SeeDue = "see-due",
        /// Saw the queue of mail with its addresses, or a mail.
        SeeMail = "see-mail",
        /// Saw records of people of the register.
        SeeRecords = "see-records",
        /// Fetched a place's calendar.
        SeeFeed = "see-feed",
        /// Wrote personal data into a file: a backup, a campaign's folder, a report's records.
        Export = "export",
        /// Made a draft of a plan.
        PlanMake = "plan-make",
        /// Put a draft in force.
        PlanAdopt = "plan-adopt",
        /// Locked a session of the plan in force, which new plans keep.
        PlanLock = "plan-lock",
        /// Unlocked one.
        PlanUnlock = "plan-unlock",
        /// Stored a campaign, or its new version.
        CampaignApply = "campaign-apply",
        /// Decided about a row that contradicts the register.
        Decide = "decide",
        /// Made the records of two people those of one.
        PersonMerge = "person-merge",
        /// Took it back.
        PersonUnmerge = "person-unmerge",
        /// Erased the personal data of somebody.
        PersonErase = "person-erase",
        /// Saw all that is known of somebody.
        PersonExport = "person-export",
        /// Closed a campaign.
        CampaignClose = "campaign-close",
        /// Opened a closed campaign again.
        CampaignReopen = "campaign-reopen",
        /// Removed a campaign without facts.
        CampaignRemove = "campaign-remove",
        /// Took an imported file out again.
        ImportUndo = "import-undo",
        /// Stored the jurisdiction's areas and places, or decided what campaigns say otherwise.
        JurisdictionApply = "jurisdiction-apply",
        /// Published a roster.
        RosterPublish = "roster-publish",
        /// Entered leave of somebody, and had others take over their days.
        RosterLeave = "roster-leave",
        /// Adopted rounds of home visits.
        HomesAdopt = "homes-adopt",
        /// Took back a round of home visits.
        HomesWithdraw = "homes-withdraw",
        /// Mailed lists to schools.
        ListSend = "list-send",
        /// Corrected what a guardian answered.
        ConsentCorrect = "consent-correct",
        /// Entered births of an area and year by another source than the register.
        BirthsEnter = "births-enter",
        /// Uploaded a workbook.
        Upload = "upload",
        /// Entered counts.
        Tally = "tally",
        /// Entered a dose of a person.
        DoseEnter = "dose-enter",
        /// Entered why a person got no dose.
        OutcomeEnter = "outcome-enter",
        /// Changed what the register has of a person.
        PersonChange = "person-change",
        /// Confirmed a count that was doubtful.
        TallyConfirm = "tally-confirm",
        /// Took in a file of records.
        Import = "import",
        /// Took a record out of what counts.
        Void = "void",
        /// Had mails queued or sent, or decided about some that wait.
        Mail = "mail",
        /// Took in returned mails, or mended an address.
        Bounce = "bounce",
        /// Changed who wants no more reminders.
        Unsubscribe = "unsubscribe",
        /// Ran a job by hand, held sending or let it go on.
        Job = "job",
        /// Changed the database as a whole: adopted, moved, repaired, restored it.
        Database = "database",
        /// Confirmed an appointment.
        BookingConfirm = "booking-confirm",
        /// Took a seat at a session.
        BookingTake = "booking-take",
        /// Somebody asked for a code that opens the booking page, or opened it with one.
        BookingSignIn = "booking-sign-in",
        /// Somebody waits for a seat, or no longer does.
        BookingWait = "booking-wait",
        /// Gave an appointment back.
        BookingCancel = "booking-cancel",
        /// Took in what another program booked.
        BookingImport = "booking-import",
        /// Made a link to the booking page for somebody.
        BookingLink = "booking-link",
        /// Asked to be put into the register.
        RequestAsk = "request-ask",
        /// Decided about somebody who asked for it.
        RequestDecide = "request-decide",
        /// Saw who has which appointment.
        SeeBookings = "see-bookings",
        /// Made the secret address of a calendar anew.
        FeedRenew = "feed-renew",
        /// Chained the lines that were written before the log was sealed; the details say how many.
        AuditChained = "audit-chained",
        /// Seals with another key from here on; the details name both.
        AuditKey = "audit-key",
    }
}
