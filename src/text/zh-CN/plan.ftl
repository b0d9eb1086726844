# 计划的结论。

verdict-reached = { $group }：目标 { $target } 人，可以完成（{ $planned } 人）。
verdict-behind = { $group }：本计划完成 { $planned } 人，目标 { $target } 人。若优先安排该人群，可以完成。
verdict-unreachable = { $group }：目标 { $target } 人，按现有条件不能完成；即使优先安排，仍差 { $short } 人。
verdict-bind = { $areas }的 { $people } 人：{ $reason }
verdict-bind-days = { $areas }的 { $people } 人：{ $reason }（{ $first } 至 { $last }）
verdict-more-areas = { $areas }等另外 { $more } 个地区
verdict-fix-doses = 只要 { $by } 前再到苗 { $doses } 剂，即可完成。
verdict-fix-team-days = 只要增加一支流动队、工作 { $days } 天，即可完成。
verdict-fix-days = 只要延长 { $days } 天，即可完成。
verdict-no-fix = 单靠增加疫苗、增加一支流动队或延长 60 天，都不够。
verdict-not-tried = { $group }：本计划完成 { $planned } 人，目标 { $target } 人；未及试算能否完成。
verdict-cut-short = 时间用尽，未能试完各种办法；请加大 --seconds 重做计划。

plan-progress-first = { $seconds } 秒：目标值 { $objective }
plan-progress = { $seconds } 秒：目标值 { $objective }，上界 { $bound }，距最优不超过 { $gap } %

stage-greedy = 逐日按优先级排
stage-objective = 只求总体最快
stage-plan = 本计划：兼顾最差地区和路程
column-stage = 阶段
column-objective = 目标值
column-gap = 距最优不超过
column-worst_area = 最差地区
column-travel_km = 路程（公里）

plan-tours = 计划 { $no }：{ $tours } 条路线
tour-base = 驻地
column-at = 地点
column-arrives = 到达
column-first_dose = 第一剂
column-leaves = 离开

figure-coverage = 完成（%）
figure-last-day = 最后一剂日期
figure-worst-area = 最差地区
figure-gap = 距最优不超过（%）
column-what_if = 假设
column-difference = 差别

why-prices = “多一个”：最紧的一天多一个单位，目标值最多增加多少。“影响”：此处对计划的制约程度。另有 { $more } 行，见 -o json。
why-nothing-scarce = 所问之处并不紧缺，增加也无益。
why-no-prices = 计划 { $no } 的价格没有保留；doseplan plan make 重做计划即有
why-series = { $area } { $group }：最好的一个全程（{ $doses }）值 { $worth }；别人因此损失 { $cost }
scarce-site-day = 接种点剂次
scarce-storage = 冷藏容量
scarce-lot = 疫苗
scarce-stop-day = 流动点剂次
scarce-stop-visit = 流动点到访
scarce-team-day = 流动队工作日
column-scarce = 紧缺
column-code = 编码
column-first = 首日
column-last = 末日
column-dearest = 最紧的一天
column-one_more = 多一个
column-weight = 影响

vials-doses = { $lot } { $doses } 剂
vials-unknown = 各批次都没有每瓶剂数；请在 deliveries.csv 增加 doses_per_vial 列。
vials-waste = 共 { $doses } 剂；人人到齐时，开瓶后另剩 { $waste } 剂。
vials-merge = { $place } { $name }：{ $from } 的 { $doses } 剂并入 { $into }，可省 { $saves } 剂。
vials-merge-later = { $place } { $name }：{ $from } 的 { $doses } 剂并入 { $into }，可省 { $saves } 剂；这些人要多等几天。
column-vials = 瓶数
column-open_vial_waste = 开瓶剩余

plan-one-folder = 多个活动须加 --jurisdiction 才能一起计划；否则只写一个文件夹和一个已接种文件
plan-check-folder-and-plan = 请写活动文件夹和计划文件
plan-check-plan-alone = 有 --jurisdiction 时只写计划文件；各活动的文件夹写在 --folder 之后
plan-given-of-campaign = 有 --jurisdiction 时，--given 写成 活动编号=日报文件，编号须是其中一个活动的
column-unplaced = 未排上

# 排班

duty-role-vaccinator = 接种员
duty-role-screener = 预检员
duty-role-registrar = 登记员
duty-role-observer = 留观员
duty-role-driver = 驾驶员
duty-role-doctor = 医生
roster-no-staff = { $path } 没有人员；请填写 staff.csv：谁上班、所属接种点或流动队、岗位
roster-no-days = 没有可排班的日期；请核对 --from、--until 及文件是否有内容
roster-plan-or-before = 请用 --plan 给出计划，或用 --before 给出已发布的排班
roster-unknown-place = 计划中的 { $place } 不是该辖区的接种点、流动点或流动队；请用编制该计划的文件夹
roster-missing = { $date } { $place }：缺 { $role } { $people } 人
roster-no-room = { $date } { $place }：超出全部台位可接种量 { $doses } 剂
roster-made = { $from } 至 { $until }：{ $people } 人，共 { $count } 人次班
roster-changed = 变更 { $count } 处，涉及 { $people } 人调班
roster-reason-away = 请假或离岗
roster-reason-not-needed = 不再需要
roster-reason-needed = 需增派
roster-reason-takes-over = 顶班
roster-reason-relieved = 换到其他日期
roster-fair-days = 天数：同类人员 { $groups } 组，不均衡度 { $is }，下界 { $bound }
roster-fair-weekends = 周末天数：同类人员 { $groups } 组，不均衡度 { $is }，下界 { $bound }
roster-good = { $path }：符合全部规则
roster-bad = { $path }：{ $count } 处不符合规则
roster-rule-row = 无此人或地点
roster-rule-twice = 一日两处
roster-rule-role = 岗位不符
roster-rule-absent = 当日不在岗
roster-rule-week = 每周天数
roster-rule-run = 连续天数
roster-rule-where = 非可去地点
roster-rule-crew = 人员不齐
roster-rule-capacity = 超出接种能力
roster-exported = 已写入 { $count } 个文件：{ $dir }
column-staff = 人员
column-staff_days = 人日
column-days = 天数
column-detail = 说明
column-signed = 签名
surge-too-early = --by { $by } 早于计划首日 { $first }；请写更晚的日期
surge-no-target = 人群 { $group } 没有目标；有目标的人群：{ $known }
surge-group = { $group }：{ $by } 前应有 { $people } 人完成全程。按现有力量：{ $today } 人；按下表增加后：{ $then } 人。
surge-group-part = { $group }：剂次间隔所限，{ $by } 前无人能完成全程；{ $people } 人可接种第 { $dose } 剂。按现有力量：{ $today } 人；按下表增加后：{ $then } 人。
surge-group-none = { $group }：开放接种较晚，{ $by } 前无人能接种第 { $dose } 剂，本次不计。
surge-out-of-reach = 其中 { $people } 人没有可去的接种点，或预计不会来。
surge-nothing-helps = 试过的办法都不够。请放宽日期，或减少人群。
surge-nothing-needed = 现有力量已够。
surge-staff = 需增加人员 { $staff } 人；少于 { $least } 人则做不到（距最优不超过 { $gap }%）。
surge-cut-short = 时间用完，未能全部试完，或许还可以更少；可用 --seconds 延长。
surge-count-first = 尚未登记人员（辖区的 staff.csv）。请先清点 { $areas } 的接种人员：这些地方缺口最大。
surge-what-if = 查看该计划：{ $command }
surge-kind-stations = 接种台
surge-kind-site = 新开接种点
surge-kind-teams = 流动队
surge-kind-staff = 人员
surge-kind-storage = 冷藏容量（剂）
surge-kind-vaccine = 疫苗（剂）
column-more = 增加
column-counted = 已登记
column-present = 现有
surge-impossible = 现有接种点可容纳的接种台和流动队无论增加多少都不够。请放宽日期、减少人群，或登记可新开的接种点。
