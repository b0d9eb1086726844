# 计划的结论。

verdict-reached = { $group }：目标 { $target } 人，可以完成（{ $planned } 人）。
verdict-behind = { $group }：本计划完成 { $planned } 人，目标 { $target } 人。若优先安排该人群，可以完成。
verdict-unreachable = { $group }：目标 { $target } 人，按现有条件不能完成；即使优先安排，仍差 { $short } 人。
verdict-bind = { $areas }的 { $people } 人：{ $reason }
verdict-bind-days = { $areas }的 { $people } 人：{ $reason }（{ $first } 至 { $last }）
verdict-more-areas = { $areas }等另外 { $more } 个地区
verdict-fix-doses = 只要 { $by } 前再到苗 { $doses } 剂，即可完成。
verdict-fix-team-days = 只要增加一支流动接种队、工作 { $days } 天，即可完成。
verdict-fix-days = 只要延长 { $days } 天，即可完成。
verdict-no-fix = 单靠增加疫苗、增加一支流动接种队或延长 60 天，都不够。
verdict-not-tried = { $group }：本计划完成 { $planned } 人，目标 { $target } 人；未及试算能否完成。
verdict-cut-short = 时间用尽，未能试完各种办法；请加大 --seconds 重做计划。

plan-progress-first = { $seconds } 秒：目标值 { $objective }
plan-progress = { $seconds } 秒：目标值 { $objective }，上界 { $bound }，差距 { $gap } %

stage-greedy = 逐日按优先级排
stage-objective = 目标值最优
stage-plan = 本计划：再顾及最差地区和路程
column-stage = 阶段
column-objective = 目标值
column-gap = 差距
column-worst_area = 最差地区
column-travel_km = 路程（公里）
