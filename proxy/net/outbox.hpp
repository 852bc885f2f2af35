// Outbox: bytes that wait to be written to one stream. Empty it owns no memory worth speaking of.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/net/stream.hpp"

namespace shardway::proxy::net {

class Outbox {
 public:
  std::string& tail() noexcept { return bytes_; }  // append here
  bool empty() const noexcept { return sent_ == bytes_.size(); }
  std::size_t size() const noexcept { return bytes_.size() - sent_; }
  std::size_t capacity() const noexcept { return bytes_.capacity(); }

  // Writes what waits. False: the connection is over.
  bool flush(Stream& stream) {
    while (!empty()) {
      const auto result = stream.write(bytes_.data() + sent_, size());
      sent_ += result.bytes;
      if (result.closed) return false;
      if (result.drained) break;
    }
    if (empty()) clear();
    return true;
  }

  // Writes `more` behind what waits; what the kernel does not take is kept. False: the connection is over.
  bool write(Stream& stream, std::string_view more) {
    if (empty()) {
      const auto result = stream.write(more.data(), more.size());
      if (result.closed) return false;
      more.remove_prefix(result.bytes);
      if (more.empty()) return true;
    }
    bytes_.append(more);
    return true;
  }

  void clear() noexcept {
    sent_ = 0;
    if (bytes_.capacity() > kKeptBytes) {
      std::string().swap(bytes_);
    } else {
      bytes_.clear();
    }
  }
  void release() noexcept {
    sent_ = 0;
    std::string().swap(bytes_);
  }

 private:
  static constexpr std::size_t kKeptBytes = 16 * 1024;
  std::string bytes_;
  std::size_t sent_ = 0;
};

}  // namespace shardway::proxy::net
