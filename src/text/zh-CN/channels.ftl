# 短信模板（到服务商处报备的文字）。变量不能相邻。
sms-tomorrow = {$name}您好，您预约{$time}在{$site}接种，请带接种证。
sms-code = 验证码{$code}，用于登录接种预约，10分钟内有效，请勿告诉他人。
sms-moved = {$name}您好，您的接种预约改为{$time}，地点{$site}，请带接种证。
sms-cancelled = {$name}您好，原定{$time}在{$site}的接种已取消，新的时间另行通知。
sms-overdue = {$name}您好，您有一剂疫苗已到接种时间，请尽快到{$site}接种。
sms-test = {$name}您好，这是{$time}从{$site}发出的测试短信，不必回复。
sms-somebody = 居民
sms-name-sample = 欧阳文静
sms-site-sample = 城关卫生院
# 群机器人
card-summary-title = {$campaign} {$date}日报
card-summary-title-several = {$date}日报（{$campaigns}项活动）
card-digest-title = {$campaign} {$date}接种安排
card-digest-figure = 开设{$places}处，预计接种{$doses}剂次
card-part = 【{$campaign}】{$figure}
card-digest-place = {$place}：{$doses}剂次
card-digest-rest = 其余{$count}处见网页
card-digest-title-several = {$date}接种安排（{$campaigns}项活动）
card-alarm-title = {$campaign} 需要处理
card-alarm-title-several = {$count}件事需要处理
card-alarm-title-all = 消息发送需要处理
card-more = 还有{$count}条，详见网页
card-open = 打开网页
card-test-title = doseplan 测试
card-test-figure = 机器人“{$name}”可以发消息
