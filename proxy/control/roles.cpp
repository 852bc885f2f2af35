#include "proxy/control/roles.hpp"

#include <algorithm>
#include <optional>

namespace shardway::proxy::control {
namespace {

using backend::Role;

class Decision {
 public:
  Decision(std::span<const NodeEvidence> nodes, const Incumbent& incumbent) : nodes_(nodes), before_(incumbent) {
    verdict_.roles.assign(nodes.size(), Role::kUnknown);
    verdict_.incumbent = incumbent;
  }

  Verdict run() {
    // A primary found before the others have spoken might be the one they would unmask.
    if (!std::all_of(nodes_.begin(), nodes_.end(), [](const NodeEvidence& n) { return n.tried; })) return verdict_;
    const auto winner = choose();
    if (winner >= 0) accept(winner);
    note_replicas();
    suspect_the_other_claimants(winner);
    assign_replicas();
    return verdict_;
  }

 private:
  static std::int32_t index(std::size_t i) { return static_cast<std::int32_t>(i); }
  const NodeEvidence& at(std::int32_t i) const { return nodes_[static_cast<std::size_t>(i)]; }
  bool claims(std::size_t i) const { return nodes_[i].standing() && !nodes_[i].in_recovery; }
  void find(Suspicion suspicion, std::int32_t node) { verdict_.findings.push_back({suspicion, node}); }

  // The accepted primary's address answers with another or an older history than it had.
  bool is_replaced(std::size_t i) const {
    return index(i) == before_.node &&
           (nodes_[i].system_identifier != before_.system_identifier || nodes_[i].timeline < before_.timeline);
  }

  // Some other node still stands for the history that was accepted.
  bool is_contradicted(std::size_t i) const {
    for (std::size_t j = 0; j < nodes_.size(); ++j) {
      if (j != i && nodes_[j].standing() && nodes_[j].system_identifier == before_.system_identifier &&
          nodes_[j].timeline >= before_.timeline) {
        return true;
      }
    }
    return false;
  }

  bool is_eligible(std::size_t i) const {
    if (!claims(i)) return false;
    if (before_.node < 0) return true;
    if (is_mere_replica(i)) return false;
    if (index(i) == before_.node) return !is_replaced(i) || !is_contradicted(i);
    if (!nodes_[i].has_timelines) return was_promoted(i) || (!claims(at_incumbent()) && is_no_revenant(i));
    return nodes_[i].system_identifier == before_.system_identifier && nodes_[i].timeline > before_.timeline;
  }

  // All that the accepted primary had written when it was heard last: it was a replica meanwhile.
  bool has_everything(std::size_t i) const { return !before_.last.empty() && holds(nodes_[i].has, before_.last); }

  std::size_t at_incumbent() const { return static_cast<std::size_t>(before_.node); }

  // A replica of the accepted primary that is one no longer and takes writes: somebody wanted that.
  bool was_promoted(std::size_t i) const { return nodes_[i].source_number == 0 && contains(before_.followers, i); }

  // It takes writes, but nobody has made it: it replicates from the accepted primary as ever, and was not read only
  // before.
  bool is_mere_replica(std::size_t i) const {
    const auto source = nodes_[i].source_number;
    return source != 0 && source == at(before_.node).server_number && !contains(before_.followers, i);
  }

  // It does not come back from the time before the accepted primary.
  bool is_no_revenant(std::size_t i) const {
    const auto& incumbent = at(before_.node);
    const bool follows_it = incumbent.standing() && incumbent.in_recovery && incumbent.source_number != 0 &&
                            incumbent.source_number == nodes_[i].server_number;
    return !contains(before_.replaced, i) || follows_it || has_everything(i) || has_followed(i);
  }

  static bool contains(const std::vector<std::int32_t>& list, std::size_t i) {
    return std::find(list.begin(), list.end(), index(i)) != list.end();
  }

  // It has some of what the accepted primary wrote as such.
  bool has_followed(std::size_t i) const {
    const auto writer = at(before_.node).server_number;
    return std::any_of(nodes_[i].has.begin(), nodes_[i].has.end(), [&](const auto& gtid) {
      const auto began = before_.began.find(gtid.first);
      return gtid.first.second == writer && gtid.second > (began == before_.began.end() ? 0 : began->second);
    });
  }

  // -1: nobody, or nobody who could be told from the others.
  std::int32_t choose() const {
    std::vector<std::size_t> best;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!is_eligible(i)) continue;
      if (!best.empty() && nodes_[i].system_identifier != nodes_[best[0]].system_identifier) return -1;
      if (!best.empty() && nodes_[i].timeline > nodes_[best[0]].timeline) best.clear();
      if (best.empty() || nodes_[i].timeline == nodes_[best[0]].timeline) best.push_back(i);
    }
    if (best.empty()) return -1;
    if (best.size() == 1) return index(best[0]);
    const auto promoted = std::count_if(best.begin(), best.end(), [this](std::size_t i) { return was_promoted(i); });
    if (promoted == 1)
      return index(*std::find_if(best.begin(), best.end(), [this](std::size_t i) { return was_promoted(i); }));
    for (const auto i : best) {
      if (index(i) == before_.node && promoted == 0) return before_.node;
    }
    // Two of one timeline and no memory: one of them fenced off by its read-only setting, or nobody can know.
    if (const auto newest = std::find_if(best.begin(), best.end(), [&](auto i) { return outdates(i, best); });
        before_.node < 0 && newest != best.end())
      return index(*newest);
    std::erase_if(best, [this](std::size_t i) { return nodes_[i].read_only; });
    return best.size() == 1 ? index(best[0]) : -1;
  }

  // It follows nobody and has all that the others have, of what they wrote themselves, too, and more.
  bool outdates(std::size_t i, const std::vector<std::size_t>& others) const {
    const auto& own = nodes_[i];
    return !own.has_timelines && own.source_number == 0 &&
           std::all_of(others.begin(), others.end(), [&](std::size_t j) {
             const auto& other = nodes_[j];
             if (j == i) return true;
             const bool is_related = std::any_of(other.has.begin(), other.has.end(), [&](const auto& gtid) {
               return gtid.first.second == other.server_number;
             });
             return is_related && own.has != other.has && holds(own.has, other.has);
           });
  }

  static bool holds(const Gtids& all, const Gtids& some) {
    return std::all_of(some.begin(), some.end(), [&](const auto& gtid) {
      const auto found = all.find(gtid.first);
      return found != all.end() && found->second >= gtid.second;
    });
  }

  void accept(std::int32_t winner) {
    if (is_replaced(static_cast<std::size_t>(winner))) find(Suspicion::kReplaced, winner);
    verdict_.primary = winner;
    verdict_.roles[static_cast<std::size_t>(winner)] = Role::kPrimary;
    auto replaced = before_.replaced;
    if (before_.node >= 0 && before_.node != winner) replaced.push_back(before_.node);
    for (std::size_t i = 0; i < nodes_.size() && before_.node < 0; ++i)  // it comes from the past
      if (claims(i) && index(i) != winner && outdates(static_cast<std::size_t>(winner), {i}))
        replaced.push_back(index(i));
    std::erase(replaced, winner);
    const bool is_new = before_.node != winner;
    verdict_.incumbent = {winner,
                          at(winner).timeline,
                          at(winner).system_identifier,
                          is_new ? at(winner).has : before_.began,
                          at(winner).last,
                          is_new ? std::vector<std::int32_t>() : before_.followers,
                          std::move(replaced)};
  }

  // One that has been made a replica may be promoted again.
  void note_replicas() {
    auto& followers = verdict_.incumbent.followers;
    const auto number = verdict_.incumbent.node < 0 ? 0 : at(verdict_.incumbent.node).server_number;
    const bool winner_stands = verdict_.primary >= 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const auto& node = nodes_[i];
      if (node.standing() && node.in_recovery && number != 0 && node.source_number == number && !contains(followers, i))
        followers.push_back(index(i));
      // Writable beside a primary that it follows: that is how it is set, and no promotion.
      if (winner_stands && claims(i) && number != 0 && node.source_number == number) std::erase(followers, index(i));
    }
    std::erase_if(verdict_.incumbent.replaced,
                  [this](std::int32_t i) { return at(i).standing() && at(i).in_recovery; });
  }

  void suspect_the_other_claimants(std::int32_t winner) {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!claims(i) || index(i) == winner) continue;
      const auto& accepted = verdict_.incumbent;
      const bool nobody = accepted.node < 0;
      if (!nobody && nodes_[i].system_identifier != accepted.system_identifier)
        find(Suspicion::kOtherSystem, index(i));
      else if (!nobody && nodes_[i].timeline < accepted.timeline)
        find(Suspicion::kStalePrimary, index(i));
      else
        find(Suspicion::kTwoPrimaries, index(i));
    }
  }

  // Of which system a node must be a copy; nothing if that cannot be said.
  std::optional<std::uint64_t> system() const {
    if (verdict_.incumbent.node >= 0) return verdict_.incumbent.system_identifier;
    std::optional<std::uint64_t> common;
    for (const auto& node : nodes_) {
      if (!node.standing()) continue;
      if (common && *common != node.system_identifier) return std::nullopt;
      common = node.system_identifier;
    }
    return common;
  }

  bool follows_a_stranger(std::size_t i) const {
    const auto source = nodes_[i].source_number;
    return source != 0 && std::none_of(nodes_.begin(), nodes_.end(), [source](const NodeEvidence& node) {
             return node.known && node.server_number == source;
           });
  }

  void assign_replicas() {
    const auto expected = system();
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (!nodes_[i].standing() || !nodes_[i].in_recovery) continue;
      if (expected && !follows_a_stranger(i) && nodes_[i].system_identifier == *expected)
        verdict_.roles[i] = Role::kReplica;
      else if (follows_a_stranger(i))
        find(Suspicion::kOtherSource, index(i));
      else
        find(Suspicion::kOtherSystem, index(i));
    }
  }

  std::span<const NodeEvidence> nodes_;
  const Incumbent& before_;
  Verdict verdict_;
};

}  // namespace

Verdict decide_roles(std::span<const NodeEvidence> nodes, const Incumbent& incumbent) {
  return Decision(nodes, incumbent).run();
}

std::string explain(Suspicion suspicion) {
  switch (suspicion) {
    case Suspicion::kTwoPrimaries:
      return "claims to be primary on the same timeline as another node: it gets no statement; make one of them a "
             "replica (MariaDB: SET GLOBAL read_only = 1)";
    case Suspicion::kStalePrimary:
      return "claims to be primary on an older timeline than the shard's primary: it gets no statement; make it a "
             "replica";
    case Suspicion::kOtherSystem:
      return "has another system identifier than the shard's other nodes: it gets no statement; check its address";
    case Suspicion::kOtherSource:
      return "follows a server that is none of the shard's nodes: it gets no statement; check its address and its "
             "master";
    case Suspicion::kReplaced:
      return "answers with another history than before (restored, upgraded or moved) and no node contradicts: accepted";
  }
  return {};
}

}  // namespace shardway::proxy::control
