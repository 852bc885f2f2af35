// One line of the log, `event=NAME key=value key="a \"value\""`, as it is written: as text, or as a JSON object's
// fields.
#pragma once

#include <string>
#include <string_view>

namespace shardway::proxy::log {

// On one line, whatever a client's name holds.
void append_text(std::string& out, std::string_view line);

// "event":"NAME","key":"value": every value a string, whatever its bytes. A line without an event is its "message".
void append_fields(std::string& out, std::string_view line);

}  // namespace shardway::proxy::log
