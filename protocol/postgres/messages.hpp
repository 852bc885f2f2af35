// The messages a logged-in client and a server exchange, decoded into views and encoded by appending to a string.
// A decoded struct's views live as long as the frame body they came from. decode_* take a body (no type, no length),
// check every bound and refuse trailing bytes. Messages nobody needs to look at have no struct: they pass untouched.
// https://www.postgresql.org/docs/15/protocol-message-formats.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/common/bytes.hpp"
#include "protocol/common/wire_error.hpp"

namespace shardway::protocol::postgres {

using Oid = std::uint32_t;
enum class Format : std::uint16_t { kText = 0, kBinary = 1 };

// ---- client to server -------------------------------------------------------------------------------------------
struct Parse {
  std::string_view name, query;
  std::vector<Oid> parameter_types;
};
struct Bind {
  std::string_view portal, statement;
  std::vector<Format> parameter_formats;         // none, one for all, or one each
  std::vector<std::optional<Bytes>> parameters;  // nullopt: NULL
  std::vector<Format> result_formats;
  Format format_of(std::size_t parameter) const noexcept;
};
enum class Target : char { kStatement = 'S', kPortal = 'P' };
struct Describe {
  Target target;
  std::string_view name;
};
struct Close {
  Target target;
  std::string_view name;
};
struct Execute {
  std::string_view portal;
  std::uint32_t row_limit;
};  // 0: all rows

Result<std::string_view> decode_query(Bytes body);
Result<Parse> decode_parse(Bytes body);
Result<Bind> decode_bind(Bytes body);
Result<Describe> decode_describe(Bytes body);
Result<Close> decode_close(Bytes body);
Result<Execute> decode_execute(Bytes body);
Result<std::string_view> decode_password(Bytes body);  // PasswordMessage
struct SaslInitialResponse {
  std::string_view mechanism;
  Bytes data;
};
Result<SaslInitialResponse> decode_sasl_initial(Bytes body);

// ---- server to client -------------------------------------------------------------------------------------------
// ErrorResponse and NoticeResponse. Fields that are absent are empty: a hostile server may leave out any of them.
struct ErrorFields {
  std::string_view severity;                                   // S
  std::string_view severity_nonlocalized;                      // V
  std::string_view sqlstate, message, detail, hint, position;  // C M D H P
  std::string_view routine;                                    // R
  bool is_fatal() const noexcept;                              // FATAL or PANIC
  // A notice after which the server ends at once: it is stopped without delay, or another of its processes has crashed.
  bool is_last_word() const noexcept;
};
struct ParameterStatus {
  std::string_view name, value;
};
struct BackendKeyData {
  std::uint32_t process_id;
  Bytes secret;
};
struct ReadyForQuery {
  char status;
};  // 'I', 'T' or 'E', nothing else
struct Field {
  std::string_view name;
  Oid table;
  std::uint16_t column;
  Oid type;
  std::int16_t type_size;
  std::int32_t type_modifier;
  Format format;
};
struct Authentication {
  std::uint32_t kind;
  Bytes data;
};  // 0 ok, 3 cleartext, 5 md5, 10 SASL, 11 continue, 12 final
struct CopyResponse {
  std::uint8_t overall_format;
  std::vector<Format> column_formats;
};  // G and H

Result<ErrorFields> decode_error(Bytes body);
Result<ParameterStatus> decode_parameter_status(Bytes body);
Result<BackendKeyData> decode_backend_key(Bytes body);
Result<ReadyForQuery> decode_ready(Bytes body);
Result<std::vector<Field>> decode_row_description(Bytes body);
Result<std::vector<std::optional<Bytes>>> decode_data_row(Bytes body);
Result<std::string_view> decode_command_complete(Bytes body);
Result<Authentication> decode_authentication(Bytes body);
Result<CopyResponse> decode_copy_response(Bytes body);
Result<std::vector<Oid>> decode_parameter_description(Bytes body);

// The number at the end of a command tag ("INSERT 0 5" -> 5); nothing if the tag has none.
std::optional<std::uint64_t> rows_of_tag(std::string_view tag) noexcept;

// ---- encoders: each appends one whole frame ---------------------------------------------------------------------
namespace encode {
void query(std::string& out, std::string_view sql);
void parse(std::string& out, std::string_view name, std::string_view sql, const std::vector<Oid>& types);
void bind(std::string& out, const Bind& bind);
void describe(std::string& out, Target target, std::string_view name);
void close(std::string& out, Target target, std::string_view name);
void execute(std::string& out, std::string_view portal, std::uint32_t row_limit);
void sync(std::string& out);
void flush(std::string& out);
void terminate(std::string& out);
void copy_data(std::string& out, Bytes data);
void copy_done(std::string& out);
void copy_fail(std::string& out, std::string_view why);
void password(std::string& out, std::string_view password);  // NUL-terminated answer to cleartext and md5
void sasl_initial(std::string& out, std::string_view mechanism, Bytes data);
void sasl_response(std::string& out, Bytes data);

struct ErrorText {
  std::string_view severity = "ERROR";
  std::string_view sqlstate;
  std::string_view message;
  std::string_view hint = {};
  std::string_view detail = {};
  int position = 0;
};
void error(std::string& out, const ErrorText& e);                     // with S and V
void error_at(std::string& out, Bytes body, std::uint32_t position);  // a server's, with another P
void notice(std::string& out, const ErrorText& e);
void authentication(std::string& out, std::uint32_t kind, Bytes data);
void parameter_status(std::string& out, std::string_view name, std::string_view value);
void backend_key(std::string& out, std::uint32_t process_id, Bytes secret);
void negotiate_version(std::string& out, std::uint32_t newest_minor, const std::vector<std::string>& unknown_options);
void ready(std::string& out, char status);
void command_complete(std::string& out, std::string_view tag);
void row_description(std::string& out, const std::vector<Field>& fields);
void data_row(std::string& out, const std::vector<std::optional<Bytes>>& values);
void parameter_description(std::string& out, const std::vector<Oid>& types);
void copy_in_response(std::string& out, std::uint8_t overall_format, std::size_t columns);
void parse_complete(std::string& out);
void bind_complete(std::string& out);
void close_complete(std::string& out);
void no_data(std::string& out);
void empty_query(std::string& out);
void portal_suspended(std::string& out);
}  // namespace encode

}  // namespace shardway::protocol::postgres
