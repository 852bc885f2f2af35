#include "proxy/postgres/prepared.hpp"

#include <algorithm>

#include "protocol/common/bytes.hpp"

namespace shardway::proxy::postgres {

std::shared_ptr<const Prepared> PreparedRegistry::find_or_add(std::string_view text,
                                                              const std::vector<protocol::postgres::Oid>& types,
                                                              std::string_view reading) {
  std::string key;
  protocol::Writer writer(key);
  writer.u32(static_cast<std::uint32_t>(types.size()));
  for (const auto type : types) writer.u32(type);
  writer.cstring(reading);
  writer.bytes(text);

  const std::lock_guard lock(mutex_);
  auto& slot = known_[key];
  if (auto known = slot.lock()) return known;
  auto fresh = std::make_shared<Prepared>();
  fresh->id = ++last_id_;
  fresh->text = text;
  fresh->types = types;
  fresh->reading = reading;
  slot = fresh;
  if (known_.size() > sweep_at_) {  // forget the texts nobody holds any more
    std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<std::size_t>(1024, 2 * known_.size());
  }
  return fresh;
}

std::size_t PreparedRegistry::size() const {
  const std::lock_guard lock(mutex_);
  return known_.size();
}

}  // namespace shardway::proxy::postgres
