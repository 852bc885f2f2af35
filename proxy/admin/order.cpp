#include "proxy/admin/order.hpp"

#include <fmt/core.h>

#include <charconv>

#include "proxy/admin/commands.hpp"

namespace shardway::proxy::admin {

namespace {

template <class Number>
bool read_number(const std::string& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

// Reads the words of one order from front to back. What is wrong first stays so.
class Reader {
 public:
  Reader(const Words& words, std::string_view command, const config::Config& config)
      : words_(words), command_(command), config_(config) {}

  std::variant<Order, Answer> read(Argument argument) {
    switch (argument) {
      case Argument::kNone: break;
      case Argument::kDatabase: read_database(true); break;
      case Argument::kDatabaseOrAll: read_database(false); break;
      case Argument::kClient: read_client(); break;
      case Argument::kHowToStop: read_how_to_stop(); break;
      case Argument::kPart: read_part(true); break;
      case Argument::kPartNoTime: read_part(false); break;
      case Argument::kNode:
        if (!takes("node")) invalid();
        read_node(order_.part.node);
        break;
      case Argument::kSwitchover: read_switchover(); break;
    }
    if (!wrong_ && next_ < words_.size()) invalid();
    if (wrong_) return *std::move(wrong_);
    return std::move(order_);
  }

 private:
  bool has_more() const { return next_ < words_.size(); }
  bool takes(std::string_view word) {
    if (!has_more() || !same_word(words_[next_], word)) return false;
    ++next_;
    return true;
  }
  void refuse(std::string_view sqlstate, std::string text) {
    if (!wrong_) wrong_ = failure(sqlstate, std::move(text));
  }
  void invalid() { refuse("42601", fmt::format("invalid command '{}', use SHOW HELP;", quoted_for_error(command_))); }

  void check_database(const std::string& name) {
    if (config_.database(name) != nullptr) return;
    if (name == "shardway" || name == "pgbouncer")
      return refuse("0A000", fmt::format("cannot {} admin db: {}", joined_lower({words_[0]}, 0), name));
    refuse("3D000", fmt::format("no such database: {}", name));
  }

  void read_database(bool required) {
    if (!has_more()) {
      if (required) refuse("42601", "a database is required");
      return;
    }
    if (words_.size() > 2) return invalid();
    check_database(order_.name = words_[next_++]);
  }

  void read_client() {
    std::uint64_t number = 0;
    if (words_.size() > 2) return invalid();
    order_.name = has_more() ? words_[next_++] : "";
    if (!read_number(order_.name, number))
      refuse("42601", fmt::format("invalid client id '{}', SHOW CLIENTS has it", order_.name));
  }

  void read_how_to_stop() {
    if (!has_more()) return;
    if (!same_word(words_[1], "wait_for_servers") && !same_word(words_[1], "wait_for_clients")) return invalid();
    order_.name = joined_lower({words_[next_++]}, 0);
  }

  // "shop", or "shop.shop_0"; a database may have a dot in its name.
  void read_database_or_shard(Part& part, bool shard_required) {
    const auto& name = words_[next_++];
    part.database = name;
    const auto dot = name.rfind('.');
    if (dot == std::string::npos || config_.database(name) != nullptr) {
      if (shard_required) return refuse("42601", "a shard is required: database.shard, as in SHOW SHARDS");
      return check_database(name);
    }
    part.database = name.substr(0, dot);
    part.shard = name.substr(dot + 1);
    check_database(part.database);
    const auto* database = config_.database(part.database);
    if (database == nullptr) return;
    for (const auto& shard : database->shards)
      if (shard.name == part.shard) return;
    refuse("42704",
           fmt::format("database \"{}\" has no shard \"{}\", SHOW SHARDS lists them", part.database, part.shard));
  }

  void read_node(std::string& into) {
    if (!names_something(next_))
      return refuse("42601", "NODE needs a node's address: NODE 'host:port', SHOW NODES lists them");
    into = words_[next_++];
    for (const auto& database : config_.databases)
      for (const auto& shard : database.shards)
        for (const auto& node : shard.nodes)
          if (node.address.text == into) return;
    refuse("42704", fmt::format("no node \"{}\", SHOW NODES lists them", into));
  }

  // "10", "0.5"
  void read_seconds() {
    double seconds = 0;
    constexpr int kMost = 31'536'000;
    if (!has_more() || !read_number(words_[next_], seconds) || !(seconds > 0) || seconds > kMost)
      return refuse("42601", fmt::format("TIMEOUT takes a number of seconds above 0 (at most {}), not '{}'", kMost,
                                         has_more() ? words_[next_] : ""));
    ++next_;
    order_.timeout = config::Milliseconds(static_cast<std::int64_t>(seconds * 1000));
    if (order_.timeout.count() == 0) order_.timeout = config::Milliseconds(1);
  }

  bool names_something(std::size_t at) const { return at < words_.size() && !same_word(words_[at], "timeout"); }

  void read_part(bool with_time) {
    const bool is_time = with_time && has_more() && same_word(words_[next_], "timeout") && words_.size() == next_ + 2;
    if (has_more() && !is_time) {
      const bool is_node = same_word(words_[next_], "node") && config_.database(words_[next_]) == nullptr;
      if (is_node || (same_word(words_[next_], "node") && names_something(next_ + 1))) {
        ++next_;
        read_node(order_.part.node);
      } else {
        read_database_or_shard(order_.part, false);
      }
    }
    if (wrong_ || !with_time) return;
    if (takes("timeout")) read_seconds();
  }

  void read_switchover() {
    auto& order = order_.switchover;
    if (!has_more()) return refuse("42601", "a shard is required: database.shard, as in SHOW SHARDS");
    read_database_or_shard(order.part, true);
    if (wrong_) return;
    if (!takes("to") || !names_something(next_))
      return refuse("42601", "TO 'host:port' is required: which node is to be the primary?");
    read_node(order.part.node);
    while (!wrong_ && has_more()) {
      if (takes("timeout"))
        read_seconds();
      else if (takes("force"))
        order.force = true;
      else if (takes("rehearse"))
        order.rehearse = true;
      else
        return invalid();
    }
    order.timeout = order_.timeout;
  }

  const Words& words_;
  std::string_view command_;
  const config::Config& config_;
  std::size_t next_ = 1;
  Order order_;
  std::optional<Answer> wrong_;
};

}  // namespace

std::string quoted_for_error(std::string_view command) {
  constexpr std::size_t kLongest = 200;
  if (command.size() <= kLongest) return std::string(command);
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(command[end]) & 0xC0) == 0x80) --end;
  return fmt::format("{}…", command.substr(0, end));
}

std::string_view text_of(Argument argument) noexcept {
  switch (argument) {
    case Argument::kNone: return "";
    case Argument::kDatabase: return " <db>";
    case Argument::kDatabaseOrAll: return " [<db>]";
    case Argument::kClient: return " <client_id>";
    case Argument::kHowToStop: return " [WAIT_FOR_SERVERS|WAIT_FOR_CLIENTS]";
    case Argument::kPart: return " [<db>|<db>.<shard>|NODE '<host:port>'] [TIMEOUT <s>]";
    case Argument::kPartNoTime: return " [<db>|<db>.<shard>|NODE '<host:port>']";
    case Argument::kNode: return " NODE '<host:port>'";
    case Argument::kSwitchover: return " <db>.<shard> TO '<host:port>' [TIMEOUT <s>] [FORCE] [REHEARSE]";
  }
  return "";
}

std::variant<Order, Answer> read_order(Argument argument, const Words& words, std::string_view command,
                                       const config::Config& config) {
  return Reader(words, command, config).read(argument);
}

}  // namespace shardway::proxy::admin
