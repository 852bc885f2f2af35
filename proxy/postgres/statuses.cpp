#include "proxy/postgres/statuses.hpp"

#include "protocol/postgres/frame.hpp"
#include "protocol/postgres/messages.hpp"

namespace shardway::proxy::postgres {

namespace pg = protocol::postgres;

namespace {

std::string_view name_in(std::string_view frame) {
  const auto status = pg::decode_parameter_status(frame.substr(pg::kHeadBytes));
  return status ? status->name : std::string_view();
}

// The first of whole frames.
std::string_view first_of(std::string_view frames) {
  pg::FrameHead head;
  return pg::peek_head(frames, head) == pg::HeadState::kOk ? frames.substr(0, head.size()) : frames;
}

}  // namespace

bool is_for_client(std::string_view parameter) noexcept {
  return parameter != "in_hot_standby" && parameter != "session_authorization";
}

void Statuses::put(std::string_view frame) {
  const auto name = name_in(frame);
  if (name.empty() || !is_for_client(name)) return;
  for (std::size_t at = 0; at < frames_.size();) {
    const auto known = first_of(std::string_view(frames_).substr(at));
    if (name_in(known) == name)
      frames_.erase(at, known.size());
    else
      at += known.size();
  }
  frames_.append(frame);
}

void Statuses::put_all(const Statuses& others) {
  for (std::string_view rest = others.frames_; !rest.empty(); rest.remove_prefix(first_of(rest).size()))
    put(first_of(rest));
}

}  // namespace shardway::proxy::postgres
