#include "protocol/common/wire_error.hpp"

#include <string>

namespace shardway::protocol {
namespace {

// Boost's base has a destructor that is protected and not virtual, by design: categories are static objects.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class WireCategory final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "shardway.wire"; }
  std::string message(int value) const override {
    switch (static_cast<WireError>(value)) {
      case WireError::kTruncated: return "the message ends before its last field";
      case WireError::kTrailingBytes: return "the message goes on after its last field";
      case WireError::kBadLength: return "a length that no message of this type can have";
      case WireError::kBadValue: return "a field holds a value that the protocol does not know";
      case WireError::kUnexpected: return "a message that has no place in this state";
    }
    return "unknown wire error " + std::to_string(value);
  }
};
#pragma GCC diagnostic pop

}  // namespace

const boost::system::error_category& wire_category() noexcept {
  static const WireCategory category;
  return category;
}

}  // namespace shardway::protocol
