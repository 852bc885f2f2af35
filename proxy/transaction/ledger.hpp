// Ledger: the transactions on several shards of one database that this process is committing or has to finish. Sessions
// write into it at each step; what a session cannot end by itself it hands over to recovery. Kept over reloads.
// Thread-safe; touched only by transactions that wrote on several shards.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "proxy/transaction/deadlock.hpp"
#include "proxy/transaction/name.hpp"

namespace shardway::proxy::transaction {

enum class State : std::uint8_t {
  kPreparing,  // its parts are being prepared: nothing is decided
  kDeciding,   // the agent has been told to commit
  kApplying,   // it is committed; some part has not been told yet
  kInDoubt,    // the agent's answer was lost: recovery asks
  kAborting,   // it is not committed and will not be; some part may still be prepared
};
std::string_view name_of(State state) noexcept;

struct Entry {
  Name name;
  State state = State::kPreparing;
  std::vector<std::string> parts;  // the shards that wrote, the agent's among them
  std::uint64_t client = 0;        // 0: found on a server, another Shardway's
  std::chrono::system_clock::time_point since{};
  bool handed_over = false;  // recovery's from now on
  std::string why;           // why it is not over yet
};

class Ledger {
 public:
  explicit Ledger(std::string cluster) : cluster_(std::move(cluster)) {}

  // ---- sessions ----
  Name begin(std::uint64_t client, std::string agent, std::vector<std::string> parts);
  // The same in two steps, where the name has to be known before it is known who writes.
  Name next_name(std::string agent);
  void begin(const Name& name, std::uint64_t client, std::vector<std::string> parts);
  void set_state(const Name& name, State state);
  // It is over on every shard. Committed: its rows may be deleted.
  void finish(const Name& name, bool committed);
  void hand_over(const Name& name, State state, std::string why);
  // Of one handed over in doubt: was it committed? nullopt: not known yet. Asked for with a deadline far below the hour
  // after which decisions are forgotten.
  std::optional<bool> outcome(const Name& name) const;
  // True while a transaction that is committed has not been applied on this shard: its reads have to wait.
  bool awaits_apply(const std::string& shard) const {
    return unapplied_.load(std::memory_order_relaxed) > 0 && is_unapplied(shard);
  }

  // ---- recovery ----
  const std::string& cluster() const noexcept { return cluster_; }
  std::vector<Entry> handed_over() const;
  bool is_live(const Name& name) const;  // a session of this process is on it
  void decided(const Name& name, bool committed);
  void note_found(std::vector<Entry> entries);  // others', as of this round
  void note_why(const Name& name, std::string why);
  // What was committed and is over on every shard: its decision is deleted first, its applied rows half a minute later,
  // for whoever still looks.
  struct Over {
    std::string gtx, agent;
    std::vector<std::string> parts;
    std::chrono::steady_clock::time_point at;
  };
  std::vector<Over> take_decisions_to_delete();
  void put_back(std::vector<Over> not_deleted);
  void decisions_deleted(std::vector<Over> deleted);
  std::vector<Over> take_applied_to_delete();
  // Until something is handed over, `longest` is over, or wake().
  void wait(std::chrono::milliseconds longest);
  void wake();

  std::vector<Entry> entries() const;  // for SHOW TRANSACTIONS
  WaitBoard waits;                     // of sessions whose transactions are on several shards

 private:
  bool is_unapplied(const std::string& shard) const;
  void recount();

  const std::string cluster_;
  mutable std::mutex mutex_;
  std::condition_variable woken_;
  bool has_work_ = false;
  std::uint64_t last_number_ = 0;
  std::atomic<std::uint32_t> unapplied_{0};
  std::map<std::string, Entry> entries_;  // by Name::text()
  std::map<std::string, bool> outcomes_;  // of those that were in doubt, for the session that waits
  std::vector<Entry> found_;
  std::vector<Over> over_, deleted_;  // deleted: the decision is
};

}  // namespace shardway::proxy::transaction
