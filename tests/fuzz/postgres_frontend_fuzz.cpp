// One message of a client: its type, then its body. What decodes must encode to the same body, where the body is
// canonical.
#include <cstdint>
#include <cstdlib>

#include "protocol/postgres/frame.hpp"
#include "protocol/postgres/messages.hpp"

using namespace shardway::protocol;
using namespace shardway::protocol::postgres;

namespace {

void expect_body(const std::string& frame, Bytes body) {
  FrameHead head;
  if (peek_head(frame, head) != HeadState::kOk || head.size() != frame.size()) std::abort();
  if (body_of(frame, head) != body) std::abort();
}

void bind(Bytes body) {
  const auto decoded = decode_bind(body);
  if (!decoded) return;
  for (std::size_t i = 0; i <= decoded->parameters.size(); ++i) (void)decoded->format_of(i);
  std::string again;
  encode::bind(again, *decoded);
  expect_body(again, body);
}

void parse(Bytes body) {
  const auto decoded = decode_parse(body);
  if (!decoded) return;
  std::string again;
  encode::parse(again, decoded->name, decoded->query, decoded->parameter_types);
  expect_body(again, body);
}

void describe(Bytes body) {
  const auto decoded = decode_describe(body);
  if (!decoded) return;
  std::string again;
  encode::describe(again, decoded->target, decoded->name);
  expect_body(again, body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes body(reinterpret_cast<const char*>(data) + 1, size - 1);
  FrameHead head;
  (void)peek_head(Bytes(reinterpret_cast<const char*>(data), size), head);
  switch (data[0]) {
    case 'Q': (void)decode_query(body); break;
    case 'P': parse(body); break;
    case 'B': bind(body); break;
    case 'D': describe(body); break;
    case 'C': (void)decode_close(body); break;
    case 'E': (void)decode_execute(body); break;
    case 'p':
      (void)decode_password(body);
      (void)decode_sasl_initial(body);
      break;
    default: break;
  }
  return 0;
}
