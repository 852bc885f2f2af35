// Commit: the end of a transaction that is open on several shards, while it is under way. At most one shard wrote: it
// is told last, and what it says is the answer. Several wrote: the last-agent protocol (ARCHITECTURE.md, "Atomic
// commit"); the agent's COMMIT is the commit point. Links stay the session's; a link that breaks meanwhile is only
// marked.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "proxy/net/event_loop.hpp"
#include "proxy/postgres/link.hpp"
#include "proxy/transaction/name.hpp"

namespace shardway::proxy::postgres {

struct CommitOutcome {
  enum class Kind : std::uint8_t { kCommitted, kRolledBack, kFailed };
  Kind kind = Kind::kFailed;
  std::string error;  // kFailed: the ErrorResponse for the client; it says if the outcome is unknown
};

struct Commit {
  std::vector<Link*> readers;  // told first: if one cannot end well, nothing has happened yet
  std::vector<Link*> writers;
  std::vector<Link*> prepared;            // of the writers
  std::vector<Link*> holders;             // of locks that guard what the others wrote: told when it is there
  std::size_t agent = 0;                  // of the writers, the one whose COMMIT decides
  std::optional<transaction::Name> name;  // only if several wrote
  std::string parts;                      // the writers' shards, for people
  std::string before_rows;                // what their transactions need before the protocol's rows
  std::function<void(const CommitOutcome&)> then;
  CommitOutcome outcome;  // of one that is being taken back
  net::Time deadline{};   // in doubt: how long the client waits for the truth
  net::EventLoop::TimerId timer = 0;

  Link& agent_link() const { return *writers[agent]; }
  bool is_atomic() const noexcept { return name.has_value(); }
};

}  // namespace shardway::proxy::postgres
