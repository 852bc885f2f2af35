// Recovery: finishes what sessions could not, and what other Shardways left behind: every second, and at once when
// something is handed over. One thread for each sharded database. It needs no disk, no clock that agrees and nobody
// elected: whatever it does is safe while the owner still lives and while other Shardways do the same.
// The rules and what breaks without each: the last-agent protocol in ARCHITECTURE.md.
//
// For each prepared part found: insert the abort on its agent; if that was the first word, roll back, else do as the
// decision says. A part that is not there has been committed if its shard has the applied row; if not, it is lost (a
// failover without it), and the log says so.
#pragma once

#include <memory>

#include "proxy/backend/node.hpp"
#include "proxy/transaction/ledger.hpp"

namespace shardway::proxy::transaction {

class Recovery {
 public:
  // Works until destroyed (joins the thread). `backend` must be watched by the control lane: it says who is primary.
  Recovery(std::shared_ptr<backend::Backend> backend, std::shared_ptr<const config::Config> config);
  ~Recovery();
  // Blocks until the tables are there on every shard that can have them, or the deadline.
  void wait_until_ready(std::chrono::milliseconds deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Which shards can take part in a transaction on several shards? Empty: all of `shards`; else why not, and the cure.
struct Unable {
  std::string why, hint;
};
std::optional<Unable> unable_to_commit_together(const backend::Backend& backend,
                                                const std::vector<std::size_t>& shards);

}  // namespace shardway::proxy::transaction
