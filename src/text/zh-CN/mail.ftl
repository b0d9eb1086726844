# 邮件用语。人数用“人”，接种量用“剂次”，两者不混用。

## 日期与通用

mail-date = {$month}月{$day}日({$weekday})
mail-day = {$month}月{$day}日
mail-day-short = {$month}/{$day}
mail-day-end = {$month}月{$day}日24时
mail-weekday-1 = 周一
mail-weekday-2 = 周二
mail-weekday-3 = 周三
mail-weekday-4 = 周四
mail-weekday-5 = 周五
mail-weekday-6 = 周六
mail-weekday-7 = 周日
mail-month-1 = 1月
mail-month-2 = 2月
mail-month-3 = 3月
mail-month-4 = 4月
mail-month-5 = 5月
mail-month-6 = 6月
mail-month-7 = 7月
mail-month-8 = 8月
mail-month-9 = 9月
mail-month-10 = 10月
mail-month-11 = 11月
mail-month-12 = 12月
mail-dose-1 = 第一剂次
mail-dose-2 = 第二剂次
mail-dose-3 = 第三剂次
mail-dose-n = 第{$dose}剂次
mail-dose-short = 第{$dose}剂
mail-separator = 、
mail-clauses = ；
mail-in-brackets = {$text}（{$note}）
mail-no-figure = —
mail-percent = {$number}%
mail-more = 另有 {$count} 项未列出。
mail-more-people = 另有 {$count} 人未列出，请查看系统名单。
mail-and-more = {$names}等{$count}个
mail-footer = 本邮件由系统自动发送。人数与剂次分开统计；未报告不按零计算。

## 每日需接种

mail-needs = 按期完成每天需接种
mail-needs-group = 人群
mail-needs-done = 已完成/目标
mail-needs-left = 还差剂次
mail-needs-per-day = 每天剂次
mail-needs-of = 目标 {$people} 人
mail-needs-days = 剩{$days}天

## 负责人：明日接种

mail-digest-subject = 【明日接种】{$date} {$doses}剂 {$post}
mail-digest-subject-one = 【明日接种】{$date} {$doses}剂 {$post}
mail-digest-subject-team = 【明日接种】{$date} {$doses}剂 {$stops}站 {$post}
mail-digest-subject-team-one = 【明日接种】{$date} {$doses}剂 {$stops}站 {$post}
mail-digest-subject-none = 【明日无接种】{$date} {$post}
mail-digest-subject-vaccines = 【明日接种】{$date} {$vaccines} {$post}
mail-digest-vaccine = {$vaccine} {$doses}剂
mail-digest-vaccine-one = {$vaccine} {$doses}剂
mail-digest-opening-campaigns = 明天{$date}有 {$campaigns} 项接种活动，共 {$doses} 剂次。
mail-digest-opening-campaigns-one = 明天{$date}有 1 项接种活动，共 {$doses} 剂次。
mail-digest-opening = 明天{$date}有 {$sessions} 场接种，预计 {$people} 人。
mail-digest-opening-one = 明天{$date}有 1 场接种，预计 {$people} 人。
mail-digest-opening-team = 明天{$date}要走 {$sessions} 站，预计 {$people} 人。
mail-digest-opening-team-one = 明天{$date}要走 1 站，预计 {$people} 人。
mail-digest-subject-homes = 【明日上门】{$date} {$visits}户 {$post}
mail-digest-opening-homes = 明天{$date}上门接种 {$people} 人。
mail-digest-opening-homes-one = 明天{$date}上门接种 {$people} 人。
mail-digest-homes = 明日上门：{$people} 人，{$leaves} 出发，{$back} 返回
mail-digest-homes-one = 明日上门：{$people} 人，{$leaves} 出发，{$back} 返回
mail-digest-homes-load = 上门需领 {$vials} 瓶。
mail-digest-homes-load-one = 上门需领 {$vials} 瓶。
mail-digest-address = 住址（第几剂）
mail-digest-none = 明天{$date}没有安排接种，不用领苗。
mail-digest-missed = 因系统停机，{$from}至{$to}的预告没有发出。
mail-digest-missed-one = 因系统停机，{$from}的预告没有发出。
mail-digest-please-report = 今天{$date}的接种数还没有上报，请今晚报送。今天计划 {$planned} 剂次。
mail-digest-reported = 今天{$date}已报 {$reported} 剂次，计划 {$planned} 剂次。
mail-digest-reported-share = 今天{$date}已报 {$reported} 剂次，计划 {$planned} 剂次，完成 {$percent}。
mail-digest-idle = 今天{$date}没有计划接种，也没有收到报告。如有接种，请补报。
mail-digest-today = 今天
mail-digest-stop = 第{$number}站 {$place}
mail-digest-arrives = {$times}
mail-digest-tour = 明日行程
mail-digest-times = 时间
mail-digest-place = 接种地点
mail-digest-load = 各站合计需装车疫苗：{$doses} 剂次
mail-digest-load-one = 各站合计需装车疫苗：{$doses} 剂次
mail-digest-in-vials = 瓶数
mail-digest-site = {$place}：预计 {$people} 人
mail-digest-site-one = {$place}：预计 {$people} 人
mail-digest-tomorrow = 明天：预计 {$people} 人
mail-digest-tomorrow-one = 明天：预计 {$people} 人
mail-digest-group = 人群
mail-digest-dose = 第几剂
mail-digest-people = 人数
mail-digest-area-people = {$area} {$people}
mail-digest-lot = 领苗批号
mail-digest-draw = 领取（剂）
mail-digest-expires = 最后使用日
mail-digest-until = 用到{$day}
mail-digest-use-first = 近效期，先用
mail-digest-no-draw = 这一场不用领苗，用手上已有的疫苗。
mail-digest-vials-lot = {$lot} {$vials} 瓶（每瓶 {$each} 剂）
mail-digest-vials-lot-one = {$lot} {$vials} 瓶（每瓶 {$each} 剂）
mail-digest-vials = 这一场用苗：{$lots}。全部到齐时，开瓶后剩 {$left} 剂。
mail-digest-vials-one = 这一场用苗：{$lots}。全部到齐时，开瓶后剩 {$left} 剂。
mail-digest-vials-full = 这一场用苗：{$lots}。全部到齐时，开瓶后没有剩余。
mail-digest-late-after = {$time} 以后
mail-digest-late-hour = 最后一小时
mail-digest-late-vial = {$when}，已开的瓶用完后，至少有 {$least} 人等候才再开一瓶（每瓶 {$each} 剂）；预计此后还会来约 {$expected} 人。
mail-digest-late-vial-one = {$when}，已开的瓶用完后，有人等候就再开一瓶（每瓶 {$each} 剂）：多种一个人比剩几剂更值。
mail-digest-nearby = 附近应种、尚未约到这一场的人（{$people} 人）
mail-digest-nearby-one = 附近应种、尚未约到这一场的人（{$people} 人）
mail-digest-nearby-do = 开瓶后有剩余剂次时，请按顺序电话联系，问谁能马上来。
mail-digest-list = 预约名单（{$people} 人）
mail-digest-list-one = 预约名单（{$people} 人）
mail-digest-name = 姓名
mail-digest-phone = 电话
mail-digest-for = 人群（第几剂）
mail-digest-absent = 今天应到未到（{$people} 人）
mail-digest-absent-one = 今天应到未到（{$people} 人）
mail-digest-absent-do = 请电话联系，问清原因，改约最近一场。

## 协调人：接种日报

mail-summary-subject = 【接种日报】{$date} 首剂{$percent} {$county}
mail-summary-subject-attention = 【接种日报】{$date} 首剂{$percent} {$count}处需关注 {$county}
mail-summary-subject-count = 【接种日报】{$date} {$doses}剂次 {$county}
mail-summary-subject-count-attention = 【接种日报】{$date} {$doses}剂次 {$count}处需关注 {$county}
mail-summary-subject-campaigns = 【接种日报】{$date} {$campaigns}项活动 当日{$doses}剂次 {$county}
mail-summary-subject-campaigns-attention = 【接种日报】{$date} {$campaigns}项活动 当日{$doses}剂次 {$count}处需关注 {$county}
mail-summary-opening-campaigns = 截至{$end}，{$county} {$campaigns} 项接种活动累计报告接种 {$total} 剂次，当日接种 {$today} 剂次。
mail-summary-no-report = 未报
mail-summary-vaccine = 疫苗
mail-summary-title = {$county}接种日报
mail-summary-opening = 截至{$end}，{$county}累计报告接种 {$total} 剂次，当日接种 {$today} 剂次。
mail-summary-among = 其中：
mail-summary-row = {$group}：{$doses}。
mail-summary-dose = {$dose}接种 {$people} 人，接种率 {$percent}
mail-summary-dose-count = {$dose}接种 {$people} 人
mail-summary-unreported = 未报 {$missing}/{$expected}
mail-summary-unreported-note = 当日应报的 {$expected} 个接种点、流动点中 {$missing} 个未报：{$names}。未报告不是零，以上为已报数。
mail-summary-all-reported = 当日应报的 {$expected} 个接种点、流动点全部已报。
mail-summary-missed = 因系统停机，{$from}至{$to}的日报没有发出，数据已计入本期累计。
mail-summary-missed-one = 因系统停机，{$from}的日报没有发出，数据已计入本期累计。
mail-summary-attention = 需关注
mail-summary-nothing = 没有需要关注的事项。
mail-summary-groups = 分人群接种情况
mail-summary-group = 人群
mail-summary-eligible = 应种 {$people}
mail-summary-complete = 全程
mail-summary-today-plus = 当日 +{$people}
mail-summary-over-100 = ▲ 超过 100%：可能含外来人员，或应种人数偏低。如实列出，不作封顶；请核对应种人数及来源。
mail-summary-no-denominator = — 没有应种人数，只列接种人数，不计算接种率。
mail-summary-exceeds = ※ 个案登记数多于日报数，请核对日报。
mail-summary-drop-out = 剂次间脱漏率（首剂至末剂）：{$rows}。
mail-summary-group-share = {$group} {$percent}
mail-summary-valid = 有效接种率（全程，按免疫程序有效的剂次）：{$rows}。
mail-summary-areas = 分镇（街道）接种情况
mail-summary-area = 镇（街道）
mail-summary-first = 首剂
mail-summary-area-today = 当日剂次
mail-summary-total = 合计
mail-summary-areas-note = 各镇（街道）为有应种人数的人群合计。
mail-summary-progress = 序时进度
mail-summary-progress-behind = 截至{$end}，计划 {$planned} 剂次，完成 {$done} 剂次，为计划的 {$percent}，落后 {$gap} 剂次。
mail-summary-progress-ahead = 截至{$end}，计划 {$planned} 剂次，完成 {$done} 剂次，为计划的 {$percent}，超前 {$gap} 剂次。
mail-summary-progress-even = 截至{$end}，计划 {$planned} 剂次，完成 {$done} 剂次，与计划持平。
mail-summary-progress-none = 还没有采用的计划，无法比较进度。
mail-summary-progress-planned = 计划
mail-summary-progress-done = 完成
mail-summary-progress-of = 占全期 {$total} 剂次
mail-summary-trend = 近 {$days} 天接种剂次
mail-summary-day = 日期
mail-summary-doses = 剂次

## 需关注的事项和怎么办

mail-late-sites = {$count} 个接种点、流动点没有报当日数据：{$names}
mail-late-sites-do = 请催报。补报后接种率会更新，未报不等于零。
mail-no-plan = 活动已经开始，还没有采用的计划
mail-no-plan-do = 请在工作台“计划”页制定并采用（命令：doseplan plan make、doseplan plan adopt）。
mail-behind-plan = 落后计划 {$gap} 剂次（计划 {$planned}，完成 {$done}）
mail-behind-plan-do = 请看下面每天需接种数，给缺口大的人群加场或派流动队。
mail-stock-low = 库存 {$stock} 剂，不够三天（计划用 {$needed} 剂）
mail-stock-low-do = 请尽快申领疫苗；来苗前先保证第二剂次。
mail-lot-near-expiry = 批号 {$lot} 还有 {$left} 剂，最后使用日 {$expires}
mail-lot-near-expiry-do = 请先用这一批，或调给用量大的接种点。
mail-over-100 = {$area} {$group} {$dose}接种率 {$percent}，超过 100%
mail-over-100-do = 可能含外来人员，或应种人数偏低。请核对应种人数及来源；数据如实列出，不作封顶。
mail-invalid-doses = {$count} 剂次不计入（年龄或间隔不符）
mail-invalid-doses-do = 请核对个案记录；确实无效的，安排补种。
mail-persons-exceed-tally = {$place} {$day} 个案登记数多于日报数
mail-persons-exceed-tally-do = 请该点核对，更正日报或个案。
mail-draft-waits = 调整方案第 {$plan} 号等您确认
mail-draft-waits-do = 请在工作台“计划”页查看并采用（命令：doseplan plan diff、doseplan plan adopt）；不采用则按原计划执行。
mail-mail-in-doubt = {$count} 封邮件不知是否送达
mail-mail-in-doubt-do = 请在工作台“邮件”页打开，问过收件人后选“已送达”或“未送达”（命令：doseplan outbox resolve）。
mail-no-address = {$count} 位负责人没有邮箱：{$names}
mail-no-address-do = 请在 sites.csv 或 teams.csv 的 lead_email 一列补上。

## 受种者：接种提醒

## 变更

mail-amended-subject = 【安排有变】{$date} {$post}
mail-amended-opening = {$date}的安排与已发的预告不同，以本邮件为准。
mail-amended-sessions = 场次
mail-amended-doses = {$place}：原 {$before} 剂次，现 {$now} 剂次
mail-amended-none = {$place}：原 {$before} 剂次，现不接种
mail-amended-call = 邮件到不了，请电话告知（{$people} 人）
mail-amended-left = 不再来的人（{$people} 人）
mail-amended-joined = 新增的人（{$people} 人）
mail-change-subject = 【计划已调整】{$seats} 剂次重新安排，计划 {$plan}
mail-change-subject-waits = 【计划待采用】{$seats} 剂次无法按计划接种，草案 {$plan}
mail-change-title = 计划调整
mail-change-opening = {$date}收到新情况，现行计划有一部分做不到了：
mail-change-broken = 从{$date}起，{$causes}。涉及：{$places}。
mail-change-cause-closed = {$seats} 剂次排在停诊日
mail-change-cause-capacity = {$seats} 剂次超过接种点能力
mail-change-cause-vaccine = {$seats} 剂次没有疫苗
mail-change-cause-outside = {$seats} 剂次超出活动日期或范围
mail-change-cause-staff = {$seats} 剂次因人员不足
mail-change-did = 已采用计划 {$plan}：调整 {$sessions} 场；收回预约 {$withdrawn} 人，重新安排 {$assigned} 人。
mail-change-would = 草案 {$plan} 调整 {$sessions} 场；已收回预约 {$withdrawn} 人，采用后重新安排。
mail-change-told = 已通知的人会收到变更邮件；邮件到不了的，负责人名单上注明须打电话。
mail-change-ask = 请在工作台“计划”页查看并采用草案（命令：doseplan plan adopt {$plan}）
mail-change-doubtful = 有 {$counts} 个存疑数未核实，草案 {$plan} 不自动采用：请先核实，再采用。

mail-reminder-subject-tomorrow = 【接种提醒】明天{$date} {$place}
mail-reminder-subject-tomorrow-places = 【接种提醒】明天{$date} 有 {$count} 项接种
mail-reminder-subject-overdue = 【接种提醒】{$dose}到时间了，请来接种
mail-reminder-subject-overdue-more = 【接种提醒】有 {$count} 剂次到时间了，请来接种
mail-reminder-changed = 您的{$vaccine}接种安排有变，请以本邮件为准：
mail-reminder-subject-moved = 【接种改期】改为{$date} {$place}
mail-reminder-subject-cancelled = 【接种取消】{$date}请勿前往
mail-reminder-subject-given = 候补成功：{$date}，{$place}
mail-reminder-subject-changes = 【接种改期】您有 {$count} 项接种安排有变，请查看
mail-reminder-free = 您候补的{$vaccine}接种名额已安排，请按时前往：
mail-reminder-given = {$date}，地点：{$place}
mail-reminder-was = 原定{$date} {$place}，已取消：{$reason}。
mail-reminder-was-time = 原定时间 {$time}，现已更改：{$reason}。
mail-reminder-now = 改到{$date}，地点：{$place}
mail-reminder-later = 新的时间定下后，会另发邮件通知。
mail-reminder-reason-closed = 该接种点当天停诊或接种能力减少
mail-reminder-reason-vaccine = 疫苗未到
mail-reminder-reason-own = 按您的要求
mail-reminder-reason-over = 本次活动已提前结束
mail-reminder-reason-plan = 接种计划调整
mail-reminder-reason-time = 接种点开放时间调整
mail-reminder-title = 接种提醒
mail-reminder-hello = 您好！
mail-reminder-tomorrow = 明天{$date}请接种{$vaccine}：
mail-reminder-overdue = 下面的{$vaccine}已到接种时间，请尽快接种：
mail-reminder-vaccine = {$vaccine}{$dose}
mail-reminder-who = {$name} {$dose}
mail-reminder-place = 地点：{$place}
mail-reminder-slot = 时段：{$time} 起
mail-reminder-hours = 开放时间：{$hours}
mail-reminder-address = 地址：{$address}
mail-reminder-phone = 电话：{$phone}
mail-reminder-answer = 确认、改约或取消
mail-reminder-since = 应在{$date}前接种
mail-reminder-go = 可以去：{$places}
mail-reminder-ask = 去哪里接种，请问下面的联系人。
mail-reminder-bring = 请带身份证件。身体不舒服时，到场先告诉医生。
mail-reminder-done = 已经接种过，就不用理会这封邮件。
mail-reminder-contact = 来不了或有疑问，请联系：{$contact}
mail-reminder-contact-none = 来不了或有疑问，请联系当地接种点。
mail-reminder-opt-out = 不想再收到提醒：回复本邮件，写“退订”两个字就行。
mail-reminder-opt-out-mail = 也可以写信给 {$desk}，主题写：unsubscribe {$token}
mail-reminder-opt-out-page = 不想再收到提醒：打开这个网页，点一下就行：
mail-reminder-unsubscribe = 退订
mail-reminder-footer = {$campaign}。本邮件由系统自动发送，发到您登记的邮箱。
leave-ask = 不再接收本次接种活动的提醒邮件？
leave-button = 不再接收
leave-done = 您将不再收到本次活动的提醒邮件。
leave-unknown = 此链接无效；请直接回复邮件。
leave-later = 暂时无法处理，请稍后再试。

## 学校：名单

mail-school-subject-visit = 【接种名单】{$date} {$school}
mail-school-subject-consent = 【知情同意登记】{$date} {$school}
mail-school-subject-missed = 【漏种名单】{$date} {$school}
mail-school-opening-visit = 附件为下次到校接种的分班名单，共 {$people} 人、{$classes} 个班。
mail-school-opening-consent = 附件为知情同意登记表，共 {$people} 人。
mail-school-opening-missed = 附件为截至{$date}的漏种名单，共 {$people} 人。
mail-school-times = 各班接种时间
mail-school-class = 班级
mail-school-day = 日期
mail-school-heading = 请协助
mail-school-do-visit = 请按班分发名单，通知名单上的学生当天到校，并告知生病、离校的学生。
mail-school-do-consent = 请填写监护人的答复后发回。未交回的不视为同意。
mail-school-do-missed = 请通知监护人补种；已在别处接种的，请填最后一列。
mail-school-private = 附件含学生个人信息，请勿转发，不要发到群里。
mail-school-ask = 咨询：{$who}

## 工作人员：排班通知

mail-duties-subject = 【排班】{$date}起共 {$days} 天
mail-duties-subject-one = 【排班】{$date}
mail-duties-subject-changed = 【排班有变】{$date}起
mail-duties-title = {$name} 的排班
mail-duties-opening = 您共有 {$days} 天的班，附件日历中也有。
mail-duties-opening-one = 您有 1 天的班，附件日历中也有。
mail-duties-none = 已发布的排班中没有您的班
mail-duties-changed = 与上次通知不同之处
mail-duties-days = 您的班
mail-duties-day = 日期
mail-duties-place = 地点
mail-duties-role = 岗位
mail-duties-hours = 时间
mail-duties-was = 原来
mail-duties-is = 现在
mail-duties-off = 休息
mail-duties-footer = 由 doseplan 发送。如不能到岗，请立即告知单位。

## 折线图

mail-chart-section = 计划与完成（累计剂次）
mail-chart-heading = {$county} 截至{$end}
mail-chart-unit = 累计剂次
mail-chart-planned = 计划 {$doses}
mail-chart-done = 完成 {$doses}
mail-chart-expected = 预计 {$doses}
mail-chart-target = 达标需 {$doses}
mail-chart-today = 今天
mail-chart-alt = 折线图：截至{$end}，计划累计 {$planned} 剂次，完成累计 {$done} 剂次，全期计划 {$total} 剂次。
mail-ten-thousands = {$number}万

## 附件：日历和明日名单

calendar-session = 接种 {$place} {$doses}剂
calendar-cancelled = 已取消：接种 {$place}
calendar-doses = {$group} 第{$dose}剂 {$doses}人
list-people = 人员
list-expected = 预计人数
list-draw = 领苗
list-place = 地点
list-number = 序号
list-name = 姓名
list-code = 编号
list-phone = 电话
list-group = 人群
list-dose = 第几剂
list-came = 到场
list-note = 备注
list-area = 地区
list-lot = 批号
list-product = 疫苗
list-doses = 剂数
list-vials = 瓶数
list-expires = 最后使用日

## 副本

mail-copy-mark = 副本
mail-copy = 这是副本，仅供查看。原收件人：{$reader}。

## 命令行

digest-page = 页面已写入 {$path}
digest-no-browser = 没有找到可以打开页面的浏览器，请自己打开上面的文件
digest-how-many = 将把 {$day} 的预告发给 {$readers} 位收件人。请输入收件人数以确认：
digest-all-queued = 新入队 {$new} 封，已发送 {$sent} 封，{$silent} 位负责人没有邮箱
digest-groups-told = 有 {$groups} 个群已收到当天的卡片，不再重发；如需再发，请用 `doseplan digest resend`。
doctor-font = 图表字体：{$family}
doctor-font-bad = 图表无法绘制，日报将不带图：{$said}
fail-no-part = 邮件 {$id} 没有这一部分
fail-no-post = 没有接种点或流动队 {$post}；请写编号，或写 summary
fail-no-address = {$post} 在活动文件中没有邮箱
fail-not-asked = 加上 --readers {$readers} 即可不经询问直接确认
fail-readers = {$said} 不是收件人数（{$readers}）；没有邮件入队
mail-audit-head = 审计日志：{$head}。
mail-doubtful = 有 {$count} 个数字不合常理
mail-doubtful-do = 改正之前，或用 doseplan tallies confirm 确认之前，这些数字不计入，计划也不自动采用。
mail-doubtful-over-capacity = 记录 {$record}，{$place}，{$day}：{$doses} 剂次；该处一天最多 {$than} 剂次
mail-doubtful-day-over-capacity = 记录 {$record}，{$place}，{$day}：{$doses} 剂次；当日合计远超 {$than} 剂次
mail-doubtful-unusual = 记录 {$record}，{$place}，{$day}：{$doses} 剂次；该处最多的一天为 {$than} 剂次
mail-doubtful-twice = 记录 {$record}，{$place}，{$day}：{$doses} 剂次，另一条记录已有同样的数
calendar-duty = 值班：{$place}，{$role}
