// Prepared statements that outlive a transaction: a client's name is bound to a text and its parameter types; the same
// text and types, read under the same settings, share one number over all clients and threads, and so one statement on
// each server connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/postgres/messages.hpp"
#include "proxy/postgres/columns.hpp"
#include "proxy/postgres/settings.hpp"
#include "router/column_lists.hpp"
#include "router/planner.hpp"

namespace shardway::proxy::postgres {

struct Prepared {
  std::uint64_t id = 0;  // unique in the process
  std::string text;
  std::vector<protocol::postgres::Oid> types;
  std::string reading;  // the settings its constants were read under (settings.hpp)
  // A server has refused it, as its columns had changed: where it was prepared before that it is prepared anew. As
  // ClientStatement::parsed_at.
  mutable std::atomic<std::int64_t> outdated_at{0};
};

class PreparedRegistry {
 public:
  // The statement with this text, these types and this reading; made if nobody has it. From any thread.
  std::shared_ptr<const Prepared> find_or_add(std::string_view text, const std::vector<protocol::postgres::Oid>& types,
                                              std::string_view reading);
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::uint64_t last_id_ = 0;
  std::size_t sweep_at_ = 1024;
  std::unordered_map<std::string, std::weak_ptr<const Prepared>> known_;
};

// A client's statement: what it prepared, and what the router knows of it. `literals` view into prepared->text.
struct ClientStatement {
  std::shared_ptr<const Prepared> prepared;
  std::shared_ptr<const router::Query> query;
  router::Literals literals;
  // If columns were written into it: the statement as the client sent it, and where they are now.
  std::shared_ptr<const Prepared> as_sent;
  std::vector<router::WrittenLists::Span> written_lists;
  SharedSettings read_under;       // settings that are known to read it as it was read; null: none
  std::string search_path, user;   // what decided which tables its names mean
  bool standard_strings = true;    // how it was read, for good
  std::uint64_t parse_number = 0;  // the client's Parses are numbered: those skipped behind an error leave nothing
  std::int64_t parsed_at = 0;      // when its client's Parse came, by the event loop's clock, in its own unit
  mutable Described told;          // what its client was told of it
};

}  // namespace shardway::proxy::postgres
