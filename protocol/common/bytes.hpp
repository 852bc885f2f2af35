// Reader and Writer: the only code that touches raw message bytes. Both check bounds.
// Reader works over a view that must outlive it and everything it returned; Writer appends to a std::string.
// Integers are big-endian (PostgreSQL); MySQL's little-endian ones have names of their own: le16 …
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shardway::protocol {

using Bytes = std::string_view;  // bytes, not text

class Reader {
 public:
  explicit Reader(Bytes bytes) noexcept : rest_(bytes) {}

  std::optional<std::uint8_t> u8() noexcept { return integer<std::uint8_t>(); }
  std::optional<std::uint16_t> u16() noexcept { return integer<std::uint16_t>(); }
  std::optional<std::uint32_t> u32() noexcept { return integer<std::uint32_t>(); }
  std::optional<std::uint64_t> u64() noexcept { return integer<std::uint64_t>(); }

  // Little-endian, of 1 to 8 bytes.
  std::optional<std::uint64_t> le(std::size_t size) noexcept {
    if (rest_.size() < size) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = size; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(rest_[i]);
    rest_.remove_prefix(size);
    return value;
  }
  std::optional<std::uint16_t> le16() noexcept { return narrow<std::uint16_t>(le(2)); }
  std::optional<std::uint32_t> le24() noexcept { return narrow<std::uint32_t>(le(3)); }
  std::optional<std::uint32_t> le32() noexcept { return narrow<std::uint32_t>(le(4)); }
  std::optional<std::uint64_t> le64() noexcept { return le(8); }

  // Exactly `size` bytes.
  std::optional<Bytes> bytes(std::size_t size) noexcept {
    if (rest_.size() < size) return std::nullopt;
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  // Up to and without a NUL, which is consumed; nothing if there is none.
  std::optional<std::string_view> cstring() noexcept {
    const auto end = rest_.find('\0');
    if (end == Bytes::npos) return std::nullopt;
    const auto taken = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return taken;
  }

  Bytes rest() const noexcept { return rest_; }
  bool at_end() const noexcept { return rest_.empty(); }

 private:
  template <class T>
  static std::optional<T> narrow(std::optional<std::uint64_t> value) noexcept {
    if (!value) return std::nullopt;
    return static_cast<T>(*value);
  }

  template <class T>
  std::optional<T> integer() noexcept {
    if (rest_.size() < sizeof(T)) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value = value << 8 | static_cast<std::uint8_t>(rest_[i]);
    rest_.remove_prefix(sizeof(T));
    return static_cast<T>(value);
  }

  Bytes rest_;
};

class Writer {
 public:
  explicit Writer(std::string& out) noexcept : out_(out) {}

  void u8(std::uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void u16(std::uint16_t v) { integer(v); }
  void u32(std::uint32_t v) { integer(v); }
  void u64(std::uint64_t v) { integer(v); }
  // The low `size` bytes, little-endian.
  void le(std::uint64_t v, std::size_t size) {
    for (; size > 0; --size, v >>= 8) out_.push_back(static_cast<char>(v & 0xff));
  }
  void le16(std::uint16_t v) { le(v, 2); }
  void le24(std::uint32_t v) { le(v, 3); }
  void le32(std::uint32_t v) { le(v, 4); }
  void le64(std::uint64_t v) { le(v, 8); }
  void bytes(Bytes v) { out_.append(v); }
  void cstring(std::string_view v) {
    out_.append(v);
    out_.push_back('\0');
  }
  std::size_t position() const noexcept { return out_.size(); }
  // Overwrites four bytes at `at` (a length known only when the message is complete).
  void patch_u32(std::size_t at, std::uint32_t v) noexcept {
    for (int i = 3; i >= 0; --i, v >>= 8) out_[at + static_cast<std::size_t>(i)] = static_cast<char>(v & 0xff);
  }

 private:
  template <class T>
  void integer(T v) {
    char raw[sizeof(T)];
    for (std::size_t i = sizeof(T); i-- > 0; v = static_cast<T>(v >> 8)) {
      raw[i] = static_cast<char>(v & 0xff);
      if constexpr (sizeof(T) == 1) break;
    }
    out_.append(raw, sizeof(T));
  }

  std::string& out_;
};

}  // namespace shardway::protocol
