#include "proxy/mysql/constants_set.hpp"

#include <strings.h>

#include <algorithm>

namespace shardway::proxy::mysql {

namespace {

bool is_plain_name_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
}

class Constants {
 public:
  explicit Constants(std::string_view sql) : rest_(sql) { skip_space(); }

  UserVariables read() {
    UserVariables variables;
    if (strcasecmp(std::string(word()).c_str(), "set") != 0) return {};
    do {
      skip_space();
      if (!take("@")) return {};
      auto name = std::string(word());
      for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
      skip_space();
      if (name.empty() || !(take(":=") || take("="))) return {};
      skip_space();
      const auto value = constant();
      if (value.empty()) return {};
      variables[name] = value;
      skip_space();
    } while (take(","));
    take(";");
    skip_space();
    return rest_.empty() ? variables : UserVariables{};
  }

 private:
  void skip_space() {
    while (!rest_.empty() && static_cast<unsigned char>(rest_.front()) <= ' ') rest_.remove_prefix(1);
  }
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  std::string_view take_first(std::size_t size) {
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view word() {
    std::size_t size = 0;
    while (size < rest_.size() && is_plain_name_byte(rest_[size])) ++size;
    return take_first(size);
  }
  std::string_view constant() {
    const auto is_plain = [](char c) { return c >= ' ' && c < 0x7f && c != '\'' && c != '"' && c != '\\'; };
    if (rest_.starts_with('\'')) {
      const auto end = rest_.find('\'', 1);
      if (end == std::string_view::npos ||
          !std::all_of(rest_.begin() + 1, rest_.begin() + static_cast<std::ptrdiff_t>(end), is_plain))
        return {};
      return rest_.substr(end + 1).starts_with('\'') ? std::string_view() : take_first(end + 1);
    }
    std::size_t size = rest_.starts_with('-') ? 1 : 0;
    const auto digits = size;
    while (size < rest_.size() && rest_[size] >= '0' && rest_[size] <= '9') ++size;
    if (size == digits || size - digits > 18) return {};
    const bool ends = size == rest_.size() || rest_[size] == ',' || rest_[size] == ';' || rest_[size] <= ' ';
    return ends ? take_first(size) : std::string_view();
  }

  std::string_view rest_;
};

}  // namespace

UserVariables constants_set(std::string_view sql) { return Constants(sql).read(); }

}  // namespace shardway::proxy::mysql
