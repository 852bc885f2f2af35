// One message of a server: its type, then its body. What decodes must encode to the same body, where there is one
// spelling.
#include <cstdint>
#include <cstdlib>

#include "protocol/postgres/frame.hpp"
#include "protocol/postgres/messages.hpp"

using namespace shardway::protocol;
using namespace shardway::protocol::postgres;

namespace {

void expect_body(const std::string& frame, Bytes body) {
  FrameHead head;
  if (peek_head(frame, head) != HeadState::kOk || body_of(frame, head) != body) std::abort();
}

void data_row(Bytes body) {
  const auto decoded = decode_data_row(body);
  if (!decoded) return;
  std::string again;
  encode::data_row(again, *decoded);
  expect_body(again, body);
}

void row_description(Bytes body) {
  const auto decoded = decode_row_description(body);
  if (!decoded) return;
  std::string again;
  encode::row_description(again, *decoded);
  expect_body(again, body);
}

void error(Bytes body) {
  const auto decoded = decode_error(body);
  if (!decoded) return;
  (void)decoded->is_fatal();
  std::string again;
  encode::error(again, {decoded->severity, decoded->sqlstate, decoded->message, decoded->hint, decoded->detail, 0});
  FrameHead head;
  if (peek_head(again, head) != HeadState::kOk || !decode_error(body_of(again, head))) std::abort();
}

void parameter_description(Bytes body) {
  const auto decoded = decode_parameter_description(body);
  if (!decoded) return;
  std::string again;
  encode::parameter_description(again, *decoded);
  expect_body(again, body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes body(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'E':
    case 'N': error(body); break;
    case 'S': (void)decode_parameter_status(body); break;
    case 'K': (void)decode_backend_key(body); break;
    case 'Z': (void)decode_ready(body); break;
    case 'T': row_description(body); break;
    case 'D': data_row(body); break;
    case 'C':
      if (const auto tag = decode_command_complete(body)) (void)rows_of_tag(*tag);
      break;
    case 'R': (void)decode_authentication(body); break;
    case 'G':
    case 'H': (void)decode_copy_response(body); break;
    case 't': parameter_description(body); break;
    default: break;
  }
  return 0;
}
