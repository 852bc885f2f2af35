#include "proxy/postgres/loss.hpp"

namespace shardway::proxy::postgres {

Loss judge(const Breakage& broken) noexcept {
  if (broken.is_committing) return Loss::kSeenLater;
  if (broken.is_busy_elsewhere) return broken.is_spare ? Loss::kSeenLater : Loss::kUntold;
  if (broken.can_repeat) return Loss::kRepeat;
  if (broken.is_spare) return Loss::kNothing;
  if (broken.is_mid_frame) return Loss::kCloseMute;
  if (broken.carries) return Loss::kClose;
  if (broken.is_syncing) return Loss::kNothing;
  if (broken.is_asked || broken.is_copying) {
    const bool is_lost_whole = broken.is_block || broken.is_copying;
    return is_lost_whole && !broken.may_end ? Loss::kTransaction : Loss::kUnknown;
  }
  if (broken.is_open) return Loss::kUntold;
  return broken.is_executed ? Loss::kTransaction : Loss::kNothing;
}

const char* name_of(Loss loss) noexcept {
  switch (loss) {
    case Loss::kNothing: return "nothing";
    case Loss::kSeenLater: return "seen_later";
    case Loss::kUntold: return "transaction_untold";
    case Loss::kRepeat: return "asked_again";
    case Loss::kTransaction: return "transaction";
    case Loss::kUnknown: return "unknown";
    case Loss::kClose:
    case Loss::kCloseMute: return "closed";
  }
  return "";
}

}  // namespace shardway::proxy::postgres
