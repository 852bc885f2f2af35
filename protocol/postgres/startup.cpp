#include "protocol/postgres/startup.hpp"

#include <optional>

namespace shardway::protocol::postgres {
namespace {

// Request codes stand where a version would: 1234 in the upper half, a number no version has in the lower.
constexpr std::uint32_t kCancelCode = 1234U << 16 | 5678;
constexpr std::uint32_t kSslCode = 1234U << 16 | 5679;
constexpr std::uint32_t kGssEncCode = 1234U << 16 | 5680;
constexpr std::uint32_t kVersion3 = 3U << 16;

// Protocol 3.2: "The minimum and maximum key length are 4 and 256 bytes."
constexpr std::size_t kMinSecretBytes = 4, kMaxSecretBytes = 256;

constexpr std::string_view kProtocolOptionPrefix = "_pq_.";

template <class Request>
Result<StartupPacket> without_fields(const Reader& reader) {
  if (!reader.at_end()) return WireError::kTrailingBytes;
  return Result<StartupPacket>(boost::system::in_place_value, std::in_place_type<Request>);
}

Result<StartupPacket> decode_cancel(Reader& reader) {
  const auto process_id = reader.u32();
  if (!process_id) return WireError::kTruncated;
  const auto secret = reader.rest();
  if (secret.size() < kMinSecretBytes) return WireError::kTruncated;
  if (secret.size() > kMaxSecretBytes) return WireError::kTrailingBytes;
  return Result<StartupPacket>(boost::system::in_place_value, CancelRequest{*process_id, std::string(secret)});
}

// Names and values in turn, up to an empty name, which must be the last byte.
Result<StartupPacket> decode_parameters(Reader& reader, std::uint32_t version) {
  StartupMessage message;
  message.major = static_cast<std::uint16_t>(version >> 16);
  message.minor = static_cast<std::uint16_t>(version & 0xffff);
  if (message.major != 3) return WireError::kBadValue;
  while (true) {
    const auto name = reader.cstring();
    if (!name) return WireError::kTruncated;
    if (name->empty()) break;
    const auto value = reader.cstring();
    if (!value) return WireError::kTruncated;
    if (name->starts_with(kProtocolOptionPrefix)) {
      message.unknown_options.emplace_back(*name);
    } else {
      message.parameters.emplace_back(*name, *value);
    }
  }
  if (!reader.at_end()) return WireError::kTrailingBytes;
  return Result<StartupPacket>(boost::system::in_place_value, std::move(message));
}

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }  // isspace() of the C locale

// Words at white space; a backslash takes the next character literally, a last lone one vanishes (pg_split_opts).
std::vector<std::string> split_words(std::string_view options) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  bool escaped = false;
  for (const char c : options) {
    if (is_space(c) && !escaped) {
      if (word) words.push_back(*std::move(word));
      word.reset();
      continue;
    }
    if (!word) word.emplace();
    const bool is_escape = c == '\\' && !escaped;
    if (!is_escape) word->push_back(c);
    escaped = is_escape;
  }
  if (word) words.push_back(*std::move(word));
  return words;
}

// "name=value", where a dash in the name stands for an underscore (ParseLongOption).
std::optional<std::pair<std::string, std::string>> setting_of(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return std::nullopt;
  std::string name(text.substr(0, equals));
  for (char& c : name) {
    if (c == '-') c = '_';
  }
  return std::pair{std::move(name), std::string(text.substr(equals + 1))};
}

void request(std::string& out, std::uint32_t code) {
  Writer writer(out);
  writer.u32(8);
  writer.u32(code);
}

}  // namespace

std::string_view StartupMessage::parameter(std::string_view name) const noexcept {
  std::string_view found;
  for (const auto& [key, value] : parameters) {
    if (key == name) found = value;
  }
  return found;
}

Result<std::size_t> startup_size(Bytes bytes) noexcept {
  const auto length = Reader(bytes).u32();
  if (!length) return std::size_t{0};
  if (*length < 8 || *length > kMaxStartupBytes) return WireError::kBadLength;
  return std::size_t{*length};
}

Result<StartupPacket> decode_startup(Bytes packet) {
  const auto size = startup_size(packet);
  if (!size) return size.error();
  if (*size == 0 || packet.size() < *size) return WireError::kTruncated;
  if (packet.size() > *size) return WireError::kTrailingBytes;
  Reader reader(packet.substr(4));
  const auto code = reader.u32();
  if (!code) return WireError::kTruncated;
  switch (*code) {
    case kSslCode: return without_fields<SslRequest>(reader);
    case kGssEncCode: return without_fields<GssEncRequest>(reader);
    case kCancelCode: return decode_cancel(reader);
    default: return decode_parameters(reader, *code);
  }
}

Result<std::vector<std::pair<std::string, std::string>>> split_options(std::string_view options) {
  std::vector<std::pair<std::string, std::string>> settings;
  const auto words = split_words(options);
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (word == "-c") {
      if (++i == words.size()) return WireError::kBadValue;
      word = words[i];
    } else if (word.starts_with("-c") || word.starts_with("--")) {
      word.remove_prefix(2);
    } else {
      return WireError::kBadValue;
    }
    auto setting = setting_of(word);
    if (!setting) return WireError::kBadValue;
    settings.push_back(*std::move(setting));
  }
  return settings;
}

void encode_startup(std::string& out, const std::vector<std::pair<std::string, std::string>>& parameters) {
  Writer writer(out);
  const auto start = writer.position();
  writer.u32(0);
  writer.u32(kVersion3);
  for (const auto& [name, value] : parameters) {
    writer.cstring(name);
    writer.cstring(value);
  }
  writer.u8(0);
  writer.patch_u32(start, static_cast<std::uint32_t>(writer.position() - start));
}

void encode_ssl_request(std::string& out) { request(out, kSslCode); }

void encode_cancel_request(std::string& out, std::uint32_t process_id, Bytes secret) {
  Writer writer(out);
  writer.u32(static_cast<std::uint32_t>(12 + secret.size()));
  writer.u32(kCancelCode);
  writer.u32(process_id);
  writer.bytes(secret);
}

}  // namespace shardway::protocol::postgres
