// Reads one column out of a line of COPY data: unescaped (text), unquoted (csv), and told from NULL, as the server
// does. The value is built in `scratch` and is a view of it, or of the options (a NULL string that is forced to be
// data). kTruncated: the line has too few columns. kBadValue: an open quote, or a NUL byte, which no text value can
// hold.
#pragma once

#include <optional>
#include <string>

#include "protocol/common/bytes.hpp"
#include "protocol/common/wire_error.hpp"
#include "protocol/postgres/copy_options.hpp"

namespace shardway::protocol::postgres {

Result<std::optional<Bytes>> copy_text_field(Bytes line, const CopyOptions& options, std::size_t column,
                                             std::string& scratch);
Result<std::optional<Bytes>> copy_csv_field(Bytes line, const CopyOptions& options, std::size_t column,
                                            std::string& scratch);

}  // namespace shardway::protocol::postgres
