### doseplan forecast：接种史评估与下一剂预测。

forecast-unknown-code = 第 { $row } 行：规则中没有 { $code }，该项不作判断（同一编码只提示一次）
forecast-unreadable = 无法读取此行（{ $reason }）
forecast-missing = 缺少 { $key }
forecast-bad-date = { $key } 的“{ $value }”不是有效日期；请写成 2021-10-20
forecast-bad-sex = 性别“{ $value }”无效；应为 F、M 或 U
forecast-before-birth = 第 { $dose } 条接种记录早于出生日期
forecast-after-as-of = 第 { $dose } 剂的接种日期晚于评估日期 { $as_of }，不计入；请更正接种日期或 as_of
forecast-not-born = 出生日期晚于评估日期 as_of
forecast-no-vaccine = 第 { $dose } 条接种记录没有 cvx 或 vaccine
forecast-too-many-doses = 一人的记录超过 1000 条

# 为什么：接种剂次
why-since-dose = 第{ $number }剂
why-since-other = { $date }的一剂
why-since-event = { $date }的情况
why-series-complete = 程序已完成，此剂多余
why-expired = 疫苗已过期、已召回或受损，须补种
why-inadvertent = 误种：第{ $number }剂不用此疫苗，无效
why-too-young = 接种时未满{ $age }，{ $first }起才有效，无效
why-grace-age = 接种时未满{ $age }，在宽限期内，有效
why-too-old = 接种时已满{ $age }，已过此剂的年龄
why-too-soon = 第{ $number }剂距{ $since }{ $days }天，最短间隔{ $wait }，无效
why-too-soon-grace = 第{ $number }剂距{ $since }{ $days }天，最短间隔{ $wait }（宽限后{ $grace }），无效
why-grace-interval = 第{ $number }剂距{ $since }{ $days }天，最短间隔{ $wait }，在宽限期内，有效
why-too-late = 第{ $number }剂距{ $since }{ $days }天，最长间隔{ $wait }，无效
why-too-late-counts = 第{ $number }剂距{ $since }{ $days }天，超过最长间隔{ $wait }，仍计入
why-conflict = 距{ $date }接种的{ $vaccine }仅{ $days }天，{ $first }起才有效，无效
why-vaccine-age = 此年龄不用该疫苗，无效
why-manufacturer = 不是第{ $number }剂规定的产品，无效
why-vaccine = 第{ $number }剂不用该疫苗，无效

# 为什么：下一剂的日期
why-earliest = 最早{ $date }：{ $why }
why-recommended = 推荐{ $date }：{ $why }
why-past-due = { $date }后为逾期：{ $why }
why-latest = 最晚{ $date }：{ $why }
why-day-age = 满{ $age }
why-day-born = 出生
why-day-interval = 距{ $since }{ $wait }
why-day-conflict = 与{ $date }接种的{ $vaccine }须间隔
why-day-season = 接种季开始
why-day-latest-dose = 不早于最近一剂
why-complete = 程序已完成
why-immune = 已有免疫力
why-contraindicated = 有禁忌
why-aged-out = 已过接种年龄
why-not-recommended = 目前不需接种

# 时长
why-day = { $count }天
why-days = { $count }天
why-month = { $count }个月
why-months = { $count }个月
why-year = { $count }年
why-years = { $count }年
why-age-year = { $count }岁
why-age-years = { $count }岁
why-plus = { $months }加{ $days }
why-minus = { $months }减{ $days }
