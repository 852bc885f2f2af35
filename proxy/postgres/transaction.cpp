#include "proxy/postgres/transaction.hpp"

#include <algorithm>

namespace shardway::proxy::postgres {
namespace {

// An error sets them back to what they were at first.
Modes modes_for_next(const Transaction& ended) {
  if (ended.failed) return ended.inherited;
  if (ended.told) return *ended.told;
  return {ended.begin, ended.read_only, ended.serializable, ended.one_snapshot};
}

}  // namespace

bool has_savepoint(const Transaction& transaction, std::string_view name) noexcept {
  return std::any_of(transaction.savepoints.begin(), transaction.savepoints.end(),
                     [&](const Savepoint& savepoint) { return savepoint.name == name; });
}

void forget_cursor(Transaction& transaction, const std::string& name) {
  const auto forget = [&name](Cursors& cursors) {
    if (name.empty())
      cursors.clear();
    else
      cursors.erase(name);
  };
  forget(transaction.cursors);
  for (auto& savepoint : transaction.savepoints) forget(savepoint.cursors);
}

std::unique_ptr<Transaction> successor_of(const Transaction& ended) {
  auto next = std::make_unique<Transaction>();
  next->inherited = modes_for_next(ended);
  next->begin = next->inherited.begin;
  next->read_only = next->is_sealed = next->inherited.read_only;
  next->on_primary = ended.on_primary;
  next->serializable = next->inherited.serializable;
  next->one_snapshot = next->inherited.one_snapshot;
  return next;
}

}  // namespace shardway::proxy::postgres
