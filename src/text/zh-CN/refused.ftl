# 不能照办的原因和办法。

refused-account-name = “{ $name }”不能作为账号名：最多40个字母、数字和 . _ - @
refused-account-there = 账号“{ $name }”已存在；请改密码，或先删除
refused-address = { $said }
refused-clocks = 本机时钟与数据库相差 { $seconds } 秒；校准之前这里不做任何事
refused-draft-faults = 草案 { $no } 已不符合现有记录（{ $count } 处违反规则，第一处：{ $first }）；请用 `doseplan plan make` 重新生成
refused-draft-old = 草案 { $no } 从 { $from } 起，而今天已是 { $day }；请用 `doseplan plan make` 重新生成
refused-errors-file = 错误文件 { $path } 无法写入（{ $said }）；正确的行已保存，请使该位置可写后再次导入同一文件以查看其余的行
refused-errors-row = 错误文件无法写入：{ $said }
refused-file-there = { $file } 已存在；请换一个文件，或用 --force 覆盖
refused-form = 没有这个表单
refused-from = {"["}mail] from：{ $said }
refused-hash = 密码无法处理：{ $said }
refused-held = 发信已因副本或恢复而暂停，原因见 doseplan status；如没有其他副本在发信，用 `{ $remedy }` 使本副本成为发送者
refused-in-doubt = 邮件 { $id } 可能已送达；先用 `doseplan outbox resolve` 说明结果
refused-in-use = 旁边有 { $file }，说明这是正在使用的数据库而不是备份；请用 `doseplan --db { $address } backup FILE` 备份
refused-installation = 无法读取安装信息
refused-log-beside = { $file } 旁边有 { $log }：同名数据库正在使用，或没有正常关闭；请换一个文件，或用 doseplan db check 查看
refused-no-file = { $file } 不是文件；管道和文件夹不能用来恢复，请先把备份保存成文件
refused-itself = { $file } 就是数据库本身；请换一个文件
refused-job = 没有任务“{ $job }”；任务有 { $known }
refused-kept-there = { $file } 是以前恢复时留下的；请先移走
refused-lead-places = 负责人账号须写明负责的接种点或流动队，例如 S01 T1
refused-letter = 邮件无法生成：{ $said }
refused-list = 名单无法生成：{ $said }
refused-migration = 数据库结构为第 { $has } 版，本程序为第 { $knows } 版；请用最新的 doseplan 重启守护进程
refused-never-written = 邮件 { $id } 没有生成，因为地址无法使用
refused-no-account = 没有账号“{ $name }”；用 `doseplan account list` 查看全部
refused-no-campaign = 还没有活动；用 doseplan campaign apply 文件夹 保存一个
refused-no-catch-up = 活动 { $campaign } 只有一种免疫程序；查漏补种活动的 campaign.toml 中写 series = "catch-up"
refused-no-draft = 没有草案；用 `doseplan plan make` 生成
refused-no-draft-but = 计划 { $no } 的状态是 { $state }；只有草案可以采用，用 `doseplan plan make` 生成
refused-no-host = {"["}mail] transport = "smtp" 时必须写 host
refused-no-mail = 没有邮件 { $id }；用 `doseplan digest history` 查看全部
refused-no-plan = 没有计划 { $no }；用 `doseplan plan list` 查看全部
refused-not-daily = 邮件 { $id } 不是每日邮件；只有每日邮件可以再发一次
refused-not-empty = 目标数据库已有数据（表 { $table }）；请新建一个空数据库
refused-not-left = 邮件 { $id } 还没有发出；用 `doseplan outbox drain` 发送排队的邮件
refused-own-account = 不能删除自己的账号；请另一位管理员删除
refused-password = 密码至少 { $least } 个字符，最多200字节
refused-password-file = {"["}mail] password_file { $path }：{ $said }
refused-reading = 读取中断：{ $said }
refused-role = 没有这个角色
refused-rules = 活动 { $campaign } 的免疫程序不能使用；请换一个免疫程序后重新保存：{ $said }
refused-same-database = 目标就是现在的数据库
refused-scope = { $name } 的角色是 { $role }，没有 { $scope } 的权限
refused-several-roots = 活动有多个最上级地区；请用 --area 指定一个
refused-token-name = 令牌名最多40个字母、数字和 . _ - @
refused-twice = 同一操作刚刚已提交
refused-unknown-campaign = 没有活动“{ $wanted }”；已有：{ $known }
refused-vacant = { $file } { $why }；加 --force 时它会保留为 { $file }.before-restore
refused-way-out = {"["}mail] unsubscribe 或 from：{ $said }
refused-which-campaign = 有多个活动（{ $known }）；请用 --campaign 编号 指定

## 为什么不允许：由 `domain/permission` 判定。
denied-role = 角色 { $role } 没有此项权限
denied-scope = 此令牌没有 { $scope } 的权限
denied-place = { $place } 不归本账号负责
denied-stop = { $day } 按现行计划到流动点 { $place } 的是 { $teams }，不是本账号负责的流动队
denied-stop-unplanned = { $day } 现行计划没有派本账号负责的流动队到流动点 { $place }
refused-too-many = 您有太多请求在等待，请待其完成后再试
refused-weak-password = 这个密码太容易猜到：常用词、键盘顺序、日期或账号名。请用几个不相关的词
refused-unknown-place = 任何活动中都没有接种点、流动点或流动队“{ $code }”；编号见活动的文件
refused-which-place = “{ $code }”在多个活动中都有，请写明是哪一个：{ $known }
