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
