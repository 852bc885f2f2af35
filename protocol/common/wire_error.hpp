// What can be wrong with bytes from the wire. Decoders return result<T> with one of these and never throw.
// Not here: I/O errors (error_code of the socket) and refusals (Fault).
#pragma once

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

namespace shardway::protocol {

enum class WireError {
  kTruncated = 1,  // the message ends before the field does
  kTrailingBytes,  // the message goes on after its last field
  kBadLength,      // a length that no message of this type can have
  kBadValue,       // a field holds what the protocol does not know
  kUnexpected,     // a message that has no place in this state
};

const boost::system::error_category& wire_category() noexcept;

inline boost::system::error_code make_error_code(WireError e) noexcept {
  return {static_cast<int>(e), wire_category()};
}

template <class T>
using Result = boost::system::result<T>;

}  // namespace shardway::protocol

namespace boost::system {
template <>
struct is_error_code_enum<shardway::protocol::WireError> : std::true_type {};
}  // namespace boost::system
