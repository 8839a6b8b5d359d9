# Realistic accounting records with awkward values, shared by generate-records and expected-rows. Record i depends on nothing
# but i and the seed, so any range of a run can be made again, and ranges made apart never overlap.
#
# Set with -v: count, start, seed, format (json or delimited), side (input: what a sender writes; rows: what flatstore holds).

function draw(n) {                # a number in 0 ... n-1 (Park and Miller's generator, exact in a double)
    state = (state * 16807) % 2147483647
    return int(state / 2147483647 * n)
}

function hex(digits,    text) {
    text = ""
    while (digits-- > 0) text = text substr("0123456789abcdef", 1 + draw(16), 1)
    return text
}

function two(number) { return number < 10 ? "0" number : number "" }

# Unix seconds as RFC 3339 in UTC: civil date from days, years beginning in March.
function rfc3339(seconds,    days, rest, era, day_of_era, year_of_era, day_of_year, month, year) {
    days = int(seconds / 86400)
    rest = seconds - days * 86400
    days += 719468
    era = int(days / 146097)
    day_of_era = days - era * 146097
    year_of_era = int((day_of_era - int(day_of_era / 1460) + int(day_of_era / 36524) - int(day_of_era / 146096)) / 365)
    day_of_year = day_of_era - (365 * year_of_era + int(year_of_era / 4) - int(year_of_era / 100))
    month = int((5 * day_of_year + 2) / 153)
    year = year_of_era + era * 400 + (month >= 10)
    return sprintf("%04d-%02d-%02dT%02d:%02d:%02dZ", year, month < 10 ? month + 3 : month - 9, \
        day_of_year - int((153 * month + 2) / 5) + 1, int(rest / 3600), int(rest % 3600 / 60), rest % 60)
}

# Makes record i: the arrays value and is_null, by column 1 ... 7.
function make(i,    spice) {
    state = (i * 48271 + seed * 69621 + 1) % 2147483646 + 1
    draw(2); draw(2)
    is_null[3] = is_null[6] = 0
    value[1] = draw(10) < 6 ? "INVITE" : (draw(2) ? "BYE" : "CANCEL")
    value[2] = hex(8)
    value[3] = draw(12) == 0 ? "" : "as" hex(8)
    value[4] = i "-" hex(12) "@10." draw(256) "." draw(256) "." draw(256)
    value[5] = code[1 + draw(codes)]
    value[6] = reason[value[5]]
    value[7] = 1795227895 + i
    spice = draw(20)
    if (spice == 0) value[6] = "100% of \\ it"
    else if (spice == 1) value[6] = "Żółć, 通話中 😀"
    else if (spice == 2) value[6] = "  blanks  kept  "
    else if (spice == 3) value[6] = ""
    else if (spice == 4) value[2] = "tag;x=%7C%0A"
    else if (spice == 5 && json) value[6] = "Busy|Here||"
    else if (spice == 6 && json) value[6] = "say \"no\" \\ {a:1}"
    else if (spice == 7 && json) value[6] = "two\nlines"
    else if (spice == 8 && json) is_null[3] = 1
    else if (spice == 9 && json) is_null[6] = 1
}

# Text with every `from` replaced; gsub is not used, because awks differ on backslashes in what it puts in.
function replaced(text, from, to,    done, place) {
    done = ""
    while ((place = index(text, from)) > 0) {
        done = done substr(text, 1, place - 1) to
        text = substr(text, place + length(from))
    }
    return done text
}

function quote(text) {
    if (text ~ /["\\\n]/) {
        text = replaced(text, "\\", "\\\\")
        text = replaced(text, "\"", "\\\"")
        text = replaced(text, "\n", "\\n")
    }
    return "\"" text "\""
}

# One record as a JSON line: to_tag may be left out, sip_reason may be null, the time takes each of its forms.
function json_line(i,    text) {
    text = "{\"method\":\"" value[1] "\",\"from_tag\":" quote(value[2])
    if (!is_null[3]) text = text ",\"to_tag\":\"" value[3] "\""
    text = text ",\"callid\":\"" value[4] "\",\"sip_code\":\"" value[5] "\",\"sip_reason\":"
    text = text (is_null[6] ? "null" : quote(value[6])) ",\"time\":"
    if (i % 10 == 3) return text value[7] ".25}"
    if (i % 10 == 7) return text "\"" rfc3339(value[7]) "\"}"
    return text value[7] "}"
}

function delimited_line() {
    return value[1] "|" value[2] "|" value[3] "|" value[4] "|" value[5] "|" value[6] "|" value[7]
}

# A value as flatstore writes it with its defaults: delimiters as %HH, null as nothing.
function field(column,    text) {
    if (is_null[column]) return ""
    text = value[column]
    if (text ~ /[|\n]/) text = replaced(replaced(text, "|", "%7C"), "\n", "%0A")
    return text
}

function row(    text, column) {
    text = field(1)
    for (column = 2; column <= 7; column++) text = text "|" field(column)
    return text
}

BEGIN {
    json = format == "json"
    codes = split("200 200 200 200 486 487 404 480 503 603", code, " ")
    reason[200] = "OK"
    reason[404] = "Not Found"
    reason[480] = "Temporarily Unavailable"
    reason[486] = "Busy Here"
    reason[487] = "Request Terminated"
    reason[503] = "Service Unavailable"
    reason[603] = "Decline"
    for (i = start; i < start + count; i++) {
        make(i)
        if (side == "rows") print row()
        else print json ? json_line(i) : delimited_line()
    }
}
