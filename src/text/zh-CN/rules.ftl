### doseplan forecast：接种史评估与下一剂预测。

forecast-unknown-code = 第 { $row } 行：规则中没有 { $code }，该项不作判断（同一编码只提示一次）
forecast-unreadable = 无法读取此行（{ $reason }）
forecast-missing = 缺少 { $key }
forecast-bad-date = { $key } 的“{ $value }”不是有效日期；请写成 2021-10-20
forecast-bad-sex = 性别“{ $value }”无效；应为 F、M 或 U
forecast-before-birth = 第 { $dose } 条接种记录早于出生日期
forecast-after-as-of = 第 { $dose } 条接种记录晚于评估日期 as_of
forecast-not-born = 出生日期晚于评估日期 as_of
forecast-no-vaccine = 第 { $dose } 条接种记录没有 cvx 或 vaccine
forecast-too-many-doses = 一人的记录超过 1000 条
