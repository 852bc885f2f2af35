// Any text: it is parsed, analysed, planned and explained without a crash, and a plan is consistent with itself: a
// refusal says why, another plan names its shards, and a sharded table is never written on a shard nothing was said of.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "router/planner.hpp"
#include "tests/router/shop.hpp"

using namespace shardway::router;

namespace {

void expect(bool claim) {
  if (!claim) std::abort();
}

void check(const Statement& statement, const Plan& plan, const Topology& topology) {
  switch (plan.action) {
    case Action::kRefuse: expect(plan.fault != nullptr && !plan.fault->message.empty()); return;
    case Action::kOneShard: expect(plan.shards.size() == 1); break;
    case Action::kScatter: expect(plan.shards.size() > 1 && !plan.writes); break;
    case Action::kEveryShard: expect(plan.shards.size() == topology.shards.size()); break;
    default: break;
  }
  for (const auto shard : plan.shards) expect(shard < topology.shards.size());
  expect(!(plan.writes && plan.replica_ok));
  if (!topology.sharded() || plan.rule == Rule::kHint || plan.rule == Rule::kCopyByRow || plan.rule == Rule::kDdl)
    return;
  for (const auto& use : statement.sharded) expect(!use.written || use.bound);
}

void run(std::string_view text, const std::shared_ptr<Topology>& topology, std::uint8_t flags) {
  StatementCache cache(topology, 1 << 20);
  const ParseSettings settings{(flags & 2) != 0, (flags & 4) != 0 ? "shadow, public" : ""};
  Literals literals;
  const auto query = cache.find(text, settings, literals);
  const std::vector<ParameterValue> parameters{
      {"42", false}, {std::nullopt, false}, {"{1,2}", false}, {"\0\0\0\0", true}};
  const std::vector<std::uint32_t> types{0, 20, 1016, 23};
  const SessionView session{(flags & 8) != 0, settings.standard_conforming_strings, "'2026-11-24'::timestamptz"};
  for (const auto& statement : query->statements) {
    const auto made = plan(statement, {&literals, &parameters, &types}, *topology, session, text);
    check(statement, made, *topology);
    (void)explain(statement, made, *topology, text);
    (void)needs_parameters(statement, *topology);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  static const auto sharded = shop::topology(), blind = shop::topology(false, Unlisted::kSingle),
                    plain = shop::one_shard();
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  run(text, (data[0] & 1) != 0 ? sharded : (data[0] & 16) != 0 ? blind : plain, data[0]);
  return 0;
}
