### 读入文件时发现的问题。每条：错在哪里，界限是什么，怎么改。

word-yes-no = 是、否
issue-column = { $column } 列
issue-hint = { $nearest ->
    [none] {""}
   *[other] ，是否应为“{ $nearest }”
}
issue-stops = { $stops ->
    [none] 无
   *[other] { $stops }
}

# 文件
issue-path_missing = 找不到这个文件或文件夹；请检查路径
issue-not_a_campaign = 既不是文件夹，也不是 .xlsx 工作簿；接种活动是一个含 campaign.toml 的文件夹，或一个 .xlsx 工作簿
issue-unreadable = 无法读取（{ $reason }）；请检查权限，并确认文件没有被其他程序占用
issue-not_a_file = 这是{ $kind ->
    [folder] 文件夹
    [pipe] 管道
    [socket] 套接字
   *[device] 设备
}，不是文件；请先把内容保存成文件，再指定该文件
issue-file_too_large = 文件超过 { $limit }；请检查是否选错了文件
issue-missing_file = 缺少必需的文件 { $file }；请加入该文件
issue-misnamed_file = 这个名称不会被读取；如果要用，请改名为“{ $nearest }”
issue-empty_file = 没有表头；第一行应为：{ $columns }
issue-utf16 = 文件是 UTF-16 编码；请在 Excel 中另存为“CSV UTF-8（逗号分隔）”
issue-bad_encoding = 文字既不是 UTF-8 也不是 GB18030；请另存为“CSV UTF-8（逗号分隔）”
issue-big5 = 文字很可能是 Big5（繁体）编码；请按该编码打开后另存为“CSV UTF-8（逗号分隔）”
issue-binary_file = 含有空字节，不是文本文件；如果是工作簿，扩展名应为 .xlsx
issue-old_workbook = 是旧格式或有密码的工作簿；请另存为没有密码的 .xlsx
issue-bad_workbook = 工作簿无法打开（{ $reason }）；请用 Excel 或 WPS 打开后重新保存为 .xlsx
issue-workbook_too_large = 工作簿解压后超过 { $limit }，不予打开；请删去图片和多余的工作表
issue-workbook_too_costly = 读取它要用超过 { $memory } 内存或 { $seconds } 秒，已停止；请删去表格用不到的内容（按 Ctrl+End 可看到工作表延伸到哪里），或另存为 CSV
issue-sheet_too_large = 单元格超过 { $limit } 个，或文字超过 { $text }；请删去表格用不到的行和列，或另存为 CSV
issue-missing_sheet = 工作簿缺少工作表“{ $stem }”；请加入该表
issue-sheet_skipped = 该工作表没有“{ $missing }”这一列的标题，未读取；如是名单，请补上标题 { $missing }
issue-duplicate_sheet = 有多个名为“{ $value }”的工作表；请只保留一个
issue-bad_toml = 不符合 TOML 格式（{ $reason }）；文字须加双引号，例如 name = "丹阳市"
issue-file_changed = 读取过程中文件被改动或截断；请待文件写完后重新导入
issue-too_many_rows = 超过 { $limit } 行；请拆分文件
issue-too_many_issues = 此文件的问题超过 { $limit } 个，其余不再列出；请先改正以上各项
issue-row_too_long = 一行超过 { $limit } 字节；多半是一个双引号没有配对
# 列与键
issue-unknown_column = 没有“{ $value }”这一列{ issue-hint }；可用的列：{ $known }
issue-duplicate_column = 此列出现了两次；请只保留一列
issue-missing_column = 缺少此列；表头应为：{ $columns }
issue-too_many_cells = “{ $value }”不在任何列名之下（表头共 { $limit } 列）；请检查是否多了逗号
issue-too_few_cells = 该行只有 { $cells } 格，表头有 { $limit } 格；可能被截断或缺少逗号
issue-unknown_key = 没有“{ $value }”这一项{ issue-hint }；可用的项：{ $known }
issue-duplicate_setting = 此项出现了两次，或与另一项冲突；请只保留一项
issue-not_a_value = 此处应为单个值，不能是表或列表
issue-not_a_table = 此处应为表，例如 [{ $column }] 或 [[{ $column }]]
# 值
issue-missing_value = 不能为空；请填写
issue-text_too_long = 文字超过 { $limit } 个字；请缩短
issue-control_character = “{ $value }”含有换行或不可见字符；请删去后重新输入
issue-cell_error = “{ $value }”是公式的出错结果；请改正公式或填入数值
issue-number_for_code = “{ $value }”已被表格软件变成数字，丢失了位数；请把该列设为文本格式后重新填写编号
issue-id_check_digit = 尾号 { $value } 的证件号校验码不符；请核对，并确认该列为文本格式
issue-id_born = 尾号 { $value } 的证件号中的出生日期与登记的不一致；请核对
issue-not_a_number = “{ $value }”不是数；请填 { $min } 至 { $max } 之间的数，例如 { $example }
issue-not_whole = “{ $value }”不是整数；请填 { $min } 至 { $max } 之间的整数
issue-out_of_range = “{ $value }”超出范围；应在 { $min } 至 { $max } 之间
issue-bad_date = “{ $value }”不是有效的日期；请写成 2021-10-20
issue-date_out_of_range = “{ $value }”的年份超出范围；应在 { $min } 至 { $max } 年之间
issue-bad_duration = “{ $value }”不是时长；请写成 21 days 或 6 months - 4 days 的形式
issue-bad_season_start = “{ $value }”不是每年都有的日子；请写成 09-01 的形式
issue-bad_weekdays = “{ $value }”不是星期；请写成 mon thu 或 周一 周四
issue-bad_word = “{ $value }”不在可选值之内{ issue-hint }；可选：{ $known }
issue-bad_email = “{ $value }”不是电子邮件地址；请写成 name@example.com 的形式，只填一个
issue-unknown_language = “{ $value }”不是可用的语言；可选：zh-CN、en
issue-unknown_timezone = “{ $value }”不是时区名称；是否应为“{ $nearest }”
issue-half_a_point = 纬度和经度须同时填写或同时留空
issue-email_missing = “{ $value }”没有电子邮件地址，将收不到邮件；请填写
# 接种活动
issue-end_before_start = 结束日期 { $value } 早于开始日期 { $start }；请改正其中之一
issue-campaign_too_long = 共 { $days } 天，最多 { $limit } 天；请检查年份
issue-unknown_series = 没有名为“{ $value }”的免疫程序{ issue-hint }；可用：{ $known }；也可在文件夹中放入自己的 series.toml
issue-unknown_vaccine = 没有疫苗或疫苗组“{ $value }”{ issue-hint }
issue-catch_up_series = 只有 series = "catch-up" 的活动才写 catch_up；请改 series，或删去 catch_up
issue-series_mismatch = 写的是“{ $value }”，而本文件夹 series.toml 的 id 是“{ $own }”；两者须一致
issue-series_protection_falls = 保护率 { $value } 低于前一剂的 { $before }；保护率是累计值，不能下降
issue-series_first_interval = 第一剂没有前一剂，不能有间隔；请删去
issue-series_interval_order = { $value } 短于 { $other } 的 { $other_value }；须满足 interval_min ≤ interval_recommended ≤ interval_max
issue-series_without_doses = 免疫程序没有剂次；至少写一个 [[doses]]
issue-ages_crossed = 年龄上限 { $value } 不大于下限 { $min_age }；人群含下限、不含上限
issue-opens_after_end = 开放日期 { $value } 晚于活动结束日期 { $end }，此人群不会列入接种计划
issue-no_groups = 没有人群；至少写一个 [[groups]]（工作簿中为 groups 表）
issue-duplicate_key = “{ $value }”与第 { $first } 行重复；编码在表中只能出现一次
issue-duplicate_row = “{ $value }”与第 { $first } 行完全相同，已略去；请删去其中一行
issue-contradicting_rows = { $area } 的 { $group } 写为 { $value }，而第 { $first } 行同一 as_of 写为 { $other }；请只保留正确的一行，或给修订数填上新的 as_of
issue-overlapping_codes = “{ $value }”已在 { $other } 用作编码；接种点、流动队、流动点的编码不能相同
issue-unknown_area = 地区“{ $value }”不在 areas 中{ issue-hint }；请改正，或在 areas 中加入
issue-unknown_group = 没有 id 为“{ $value }”的人群{ issue-hint }；请改正，或在 groups 中加入
issue-unknown_site = 接种点“{ $value }”不在 sites 中{ issue-hint }；请改正，或在 sites 中加入
issue-unknown_place = 没有编码为“{ $value }”的接种点、流动点或流动队{ issue-hint }；请改正，或加入该编码
issue-team_place = “{ $value }”是流动队；请填写接种所在的流动点（{ $date } 计划：{ issue-stops }）
issue-area_cycle = 上级地区形成了环：{ $path }；请改正其中一个 parent
issue-several_roots = 有 { $count } 个没有上级的地区（{ $roots }），没有全县合计；请给其余地区填上 parent
issue-no_areas = 没有地区；至少写一行
issue-closure_with_doses = { $place } 是流动队或流动点，只能停用（0 剂），不能写 { $value }
issue-point_far_away = { $value } 距多数地点 { $km } 公里，请核对正负号和数字
issue-point_in_other_zone = { $value } 不在时区 { $timezone } 一带；经度为东经度数
issue-outside_campaign = { $value } 不在活动日期 { $start } 至 { $end } 之内，此行不起作用
issue-expires_before_delivery = 失效日期 { $value } 早于到货日期 { $date }；请改正其中之一
# 辖区及其活动
issue-half_a_merger = 并镇须同时填写 merged_into（并入的地区）和 until（从哪天起计入）；请补填 { $column }，或清空另一项
issue-merger_circle = 并入关系经“{ $value }”成环；请改正其中一个 merged_into
issue-merger_unknown = { $area } 并入“{ $value }”，辖区中没有此地区；请改正 merged_into，或补上该地区
issue-renamed_twice = “{ $value }”仍是一个人群，或同时是两个人群的旧名；一个人群只能有一个后继
issue-facts = { $tallies ->
    [none] {""}
    [one] 日报 1 条，
   *[other] 日报 { $tallies } 条，
}{ $doses ->
    [none] {""}
    [one] 接种记录 1 条，
   *[other] 接种记录 { $doses } 条，
}{ $people ->
    [none] {""}
    [one] 登记 1 人，
   *[other] 登记 { $people } 人，
}{ $outcomes ->
    [none] {""}
    [one] 未接种原因 1 条，
   *[other] 未接种原因 { $outcomes } 条，
}{ $appointments ->
    [none] {""}
    [one] 预约 1 个，
   *[other] 预约 { $appointments } 个，
}{ $plan ->
    [none] {""}
    [one] 现行计划 1 行，
   *[other] 现行计划 { $plan } 行，
}{ $denominators ->
    [none] {""}
    [one] 应种人数 1 行，
   *[other] 应种人数 { $denominators } 行，
}
issue-facts_of_area = 文件中没有“{ $value }”了，但活动 { $campaign } 在该地区有{ issue-facts }删除后各报表都会丢失；请保留该行，如系并镇请填写 merged_into 和 until
issue-facts_of_group = 文件中没有人群“{ $value }”了，但活动 { $campaign } 在该人群有{ issue-facts }删除后各报表都会丢失；请保留该人群，或在改名后的人群中写 renamed_from = "{ $value }"
issue-facts_of_place = 文件中没有“{ $value }”了，但活动 { $campaign } 在此处有{ issue-facts }删除后无处归属；请保留该行，并填写 until（从哪天起不再使用）
issue-facts_of_lot = 文件中没有批号“{ $value }”了，但活动 { $campaign } 有{ issue-facts }请保留该行；如已召回，请填写 recalled（从哪天起停用）
issue-facts_of_denominator = 文件中没有“{ $value }”的应种人数了，但活动 { $campaign } 有{ issue-facts }删除后无法计算接种率；请保留该行，用更新的 as_of 写修订行
issue-stations_without_hours = 有台位数时，每日剂次由开诊时间推算；请填写 opens 和 closes（如 08:00、16:30），或清空 stations
issue-half_of_hours = 开诊时间须同时填写 opens 和 closes（如 08:00、16:30）；请补填 { $column }，或清空另一项
issue-closes_before_it_opens = { $value } 停诊，不晚于 { $opens } 开诊；请改正其中之一
issue-bad_time = “{ $value }”不是时间；请写成 08:30
issue-closed_twice = { $value } 在 { $day } 有两行：此处 { $doses } 剂，第 { $first } 行 { $other } 剂；请只保留一行
issue-closed_too_long = 一行超过 { $limit } 天；请改正 until
issue-unknown_workplace = 没有编码为“{ $value }”的接种点或流动队{ issue-hint }；人员须属于接种点或流动队；请改正 { $column }
issue-unknown_staff = staff 中没有编号为“{ $value }”的人员{ issue-hint }；请改正，或在 staff 中加入
issue-leave_too_long = 一行请假超过 { $limit } 天；请改正 until，或在 staff 中填写离岗日期
issue-role_of_nobody = { $kind } 类地点须有 { $value }，但 staff 中无人任此岗位；请补填人员的 roles，或修改 crews
issue-crew_too_large = { $kind } 类地点每台需 { $value } { $need } 人，而 staff 中全部只有 { $count } 人；请改正 crews，或补充人员
issue-everybody_away = { $value } 应上班人员全部请假（这样的日子共 { $count } 天），当天不能开诊
issue-unknown_kind = 没有“{ $value }”类的流动点{ issue-hint }，该人群无处可接种；请改正，或为流动点填写此类别
issue-differs_from_jurisdiction = { $value } 与辖区表中 { $code } 的内容不同；请删去此行或改正，或修改辖区表
issue-travel_differs = 各活动的车速或绕行系数不同；请在 jurisdiction.toml 中填写 [travel]
issue-restock_differs = 另一活动为 { $value } 填写了不同的供苗日；请在辖区 sites 表中为该接种点加一行
issue-same_campaign = 另一文件夹也是活动“{ $value }”；每个活动须有自己的 id
issue-session_for_nobody = 该处没有应种者（地区“{ $value }”）；请改正 area 或 group，或在 eligible 中补充人数
issue-session_when_shut = { $value } 在 { $date } 不开放（放假或停诊），当天无法接种；请改约日期，或改正 closures 或 weekdays
issue-session_too_large = { $value } 在 { $date } 约定 { $doses } 剂，而一次上门最多 { $most } 剂；请分多天，或改正 doses
# 接种记录、日报、登记册、未接种原因
issue-unknown_person = 登记册中没有“{ $value }”；请先导入登记册，或改正编号
issue-unknown_lot = 批号“{ $value }”不在 deliveries 中；请改正，或在 deliveries 中加入
issue-dose_number = 第 { $value } 剂不在免疫程序之内，共 { $limit } 剂；请改正
issue-future_date = { $value } 在今天 { $today } 之后；请改正日期
issue-possible_duplicate = 可能重复：{ $person } 在 { $date } 已有同一疫苗的记录 { $other }；请删去本行，或改正日期、人员或疫苗
issue-before_birth = { $value } 早于出生日期；请改正其中之一
issue-unknown_campaign = 没有活动“{ $value }”{ issue-hint }；请改正，或不填
issue-wrong_campaign = 此行属于活动“{ $value }”；请用 --campaign { $value } 导入，或给记录另编一个编号
issue-which_campaign = 不知道此行属于哪个活动（{ $known }）；请填 campaign 列，或用 --campaign 指定，或在 product 列写明疫苗
issue-born_after_dose = 出生日期晚于接种记录 { $record }；请改正其中之一
issue-born_changed = { $person } 的出生日期与登记册原有的不同，已按本文件更正；如属另一人，请撤销该导入并另编编号
issue-bad_death = 死亡日期 { $value } 早于出生或在今天之后；请改正
issue-erased_person = “{ $value }”的个人信息已应要求删除；请去掉此行
issue-duplicate_record = 记录“{ $value }”在本文件第 { $first } 行已有不同内容；请只保留正确的一行
issue-until_before_date = 截止日期 { $value } 早于记录日期 { $date }；请改正其中之一
issue-place_closed = { $value } 在 { $date } 不开放；请核对地点和日期
issue-lot_expired = 批号 { $value } 已于 { $expires } 过期；请核对批号和日期
issue-lot_not_delivered = 批号 { $value } 于 { $date } 才到货；请核对批号和日期
issue-stored_otherwise = 记录“{ $value }”已存有不同内容；按更正处理并保留历史

# 接种规则（CDSi 支持数据）
issue-bad_xml = 不符合 XML 格式（{ $reason }）；请重新下载该文件
issue-unknown_root = 根元素是“{ $value }”，应为“{ $root }”；请检查文件是否放错
issue-unknown_element = 程序不认识元素“{ $value }”，其内容未被采用；请查看该版本规则的说明
issue-missing_element = 缺少元素“{ $value }”；请重新下载该文件
issue-duplicate_antigen = 抗原“{ $value }”出现两次；每种抗原只能有一个文件
issue-duplicate_code = 编码“{ $value }”出现两次；请只保留一处
issue-unknown_antigen = 抗原“{ $value }”不在 ScheduleSupportingData.xml 的疫苗组中；请使用同一版本的文件
issue-several_antigens = 同一文件中出现另一种抗原“{ $value }”；每个文件只含一种抗原
issue-unknown_vaccine_group = 疫苗组“{ $value }”不在 ScheduleSupportingData.xml 中；请使用同一版本的文件
issue-bad_gender = “{ $value }”不是性别；应为 Female、Male 或 Unknown
issue-dose_out_of_order = 剂次“{ $value }”不在应有的位置；剂次应从 Dose 1 起依次排列
issue-interval_from_nothing = 间隔没有说明从何时算起；应有 fromPrevious、fromTargetDose、fromMostRecent 或 fromRelevantObs 之一
issue-rules_cycle = 规则循环引用（{ $value }）；间隔只能从较早的剂次算起，程序组不能等待自己
issue-left_out = 因上述问题，“{ $value }”不采用；其余规则照常使用
issue-missing_rules = 缺少规则文件“{ $value }”；请从同一版本中补齐
issue-no_rules = 文件夹中既没有 CDSi 的 XML 规则，也没有免疫程序文件（*.toml）；请检查 --rules
issue-too_many_files = 文件夹中的文件超过 { $limit } 个；请检查 --rules
issue-macros = 工作簿带有宏，不予读取；请另存为不含宏的 .xlsx 再上传
issue-formulas = 此工作表有公式（例如 { $value }）；按保存时的计算结果读取，建议粘贴为数值
issue-doubtful_capacity = { $place } 报 { $value } 剂次，而该处一天最多 { $than } 剂次。如数字无误，用 --yes 导入
issue-doubtful_day = { $place } 报 { $value } 剂次：当日合计远超该处一天的 { $than } 剂次。如数字无误，用 --yes 导入
issue-doubtful_unusual = { $place } 报 { $value } 剂次，而该处近几周最多的一天为 { $than } 剂次。如数字无误，用 --yes 导入
issue-doubtful_twice = { $place } 报 { $value } 剂次，同日同地区同人群同剂次的另一条记录已有同样的数。如两条都对，用 --yes 导入
issue-impossible_count = { $value } 剂次：没有哪个地方一天超过 { $limit } 剂次。请改正
issue-too_early = { $value } 远早于活动开始日 { $start }。请改正日期

# profiles
issue-profile_no_source = 此列既无 from、join，也无 value；请说明取自哪里
issue-profile_no_codes = 对照文件中没有代码表“{ $value }”{ issue-hint }；可用：{ $known }
issue-profile_no_column = 对照文件没有说明 { $column } 列取自哪里；请加入 [columns.{ $column }]，写明 from 或 value
issue-profile_no_heading = 文件没有 { $column } 对应的表头：{ $value }；文件的表头：{ $known }。请修改 { $profile } 中的 from
issue-profile_unsaid = { $profile } 没有说明表头“{ $value }”；用 from 取用，或加入 ignored
issue-profile_no_header = 没有认识的表头；常见的有：{ $known }。请手工编写对照文件
issue-unknown_code = 代码“{ $value }”不在 { $profile } 的代码表 { $table } 中{ issue-hint }；请加入该表，或改正单元格

# official figures
issue-unknown_rule_name = 这些规则中没有“{ $value }”{ issue-hint }；可用：{ $known }
issue-vaccine_without_rule = 规则中没有疫苗“{ $value }”{ issue-hint }；其 { $count } 剂次按不含国家免疫规划疫苗成分处理
issue-vaccine_by_campaign = 规则中没有疫苗名称“{ $value }”；其 { $count } 剂次按登记时所属活动的疫苗 { $own } 统计
issue-unit_not_listed = 单位表中没有单位“{ $value }”；有 { $doses } 剂次、{ $children } 名儿童用到它，各表均不在该处统计
issue-child_without_unit = { $count } 名儿童没有管理单位（第一名：“{ $value }”），不计入任何单位的应种
issue-births_differ = 档案“{ $other }”与“{ $value }”身份证号相同而出生日期不同，其中之一有误
issue-attribute_missing = { $value } 有 { $count } 剂次未填疫苗属性，按国家免疫规划疫苗（P）统计
issue-record_twice = 记录“{ $value }”在第 { $first } 行已有；除非疫苗与日期都相同，否则两条均统计
issue-unknown_child = children.csv 中没有儿童“{ $value }”；该行未统计
issue-township_not_listed = townships.csv 中没有单位 { $unit } 所在的乡镇“{ $value }”；按单独一个乡镇统计
issue-township_small = 乡镇“{ $value }”合并后仍不足 { $limit } 人；应与同县相邻乡镇合并
issue-township_only_one = 乡镇“{ $value }”所在的县不足 { $limit } 人，全县按一个乡镇统计
issue-township_merge = 乡镇“{ $value }”不能并入“{ $other }”；只能与同县的另一乡镇合并
issue-period_not_over = 统计期末 { $value } 晚于今天 { $today }；数字只反映现有的记录
issue-list_of_nobody = 该行既无学校也无地区；请填学校，未在校的填乡镇
issue-list_of_two = 该行既有学校又有地区；学校名单请将地区留空，乡镇的未在校名单请将学校留空
issue-list_withheld = { $list }的名单未导入：{ $other } 含有或可能含有其中一部分，但有错误；请改正该文件后一并重新导入
issue-empty_list = 标题下没有数据行，原有名单不变；请补上数据，或不要导入该文件
issue-rows_twice = 有 { $count } 行与 { $other } 中的相同，只计一次
issue-unknown_school = “{ $value }”不是本次活动的学校{ issue-hint }；学校须是设有 school 类流动点的地区：请改正名称，或在 areas 和 stops 中补上
issue-unknown_pupil = 登记册中没有这名学生；请先比对名单（schools match --save），或填写人员编号
issue-several_pupils = 有几名学生与此相符：{ $known }；请填写人员编号或身份证号
issue-pupil_differs = 与登记册中 { $person } 的记录不符；请核对是否同一名学生并改正该行，或将该格留空（签字人填在“签字人”一列）
issue-answer_outweighed = 仍以 { $date } 的答复为准（{ $answer ->
    [no] 不同意
   *[yes] 同意
}）：以最近一次为准，同日以不同意为准；如本行更晚，请改正日期

# 地区边界
issue-outlines_bytes = 文件大于 { $limit } MB；请去掉辖区以外的部分，并简化边界，例如用 mapshaper
issue-outlines_json = 不是 JSON（{ $reason }）；请导出为 GeoJSON，坐标系 WGS-84（EPSG:4326）
issue-outlines_collection = 不是要素集合；边界文件以 "type": "FeatureCollection" 开头，并含列表 "features"
issue-outlines_features = 有 { $value } 个要素，最多读取 { $limit } 个；请去掉 areas.csv 中没有的地区
issue-outlines_positions = 坐标点多于 { $limit } 个；请先简化边界，例如用 mapshaper
issue-outlines_area = 第 { $first } 个要素未注明地区；请增加属性 area（或 code），填写 areas.csv 中的编码
issue-outlines_unknown = 第 { $first } 个要素：没有地区“{ $value }”{ issue-hint }；请填写 areas.csv 中的编码
issue-outlines_twice = 第 { $first } 个要素：地区 { $value } 在第 { $other } 个要素中已有边界；请合并为一个 MultiPolygon
issue-outlines_shape = 第 { $first } 个要素的几何类型为 { $value }；边界应为 Polygon 或 MultiPolygon
issue-outlines_ring = 第 { $first } 个要素，多边形.环 { $value }：环至少有四个坐标点，且最后一点与第一点相同；请闭合
issue-outlines_position = 第 { $first } 个要素：{ $value } 不是有效坐标；请按经度、纬度（WGS-84，度）填写：[119.57, 32.01]
