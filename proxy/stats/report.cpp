#include "proxy/stats/report.hpp"

#include <algorithm>

namespace shardway::proxy::stats {

// Numbers are summed, the longest wait is the longest of all; the names come from whoever has them.
PoolRow& PoolRow::operator+=(const PoolRow& other) {
  if (database.empty()) database = other.database;
  if (user.empty()) user = other.user;
  if (mode.empty()) mode = other.mode;
  cl_active += other.cl_active;
  cl_waiting += other.cl_waiting;
  cl_active_cancel_req += other.cl_active_cancel_req;
  cl_waiting_cancel_req += other.cl_waiting_cancel_req;
  sv_active += other.sv_active;
  sv_active_cancel += other.sv_active_cancel;
  sv_being_canceled += other.sv_being_canceled;
  sv_idle += other.sv_idle;
  sv_used += other.sv_used;
  sv_tested += other.sv_tested;
  sv_login += other.sv_login;
  maxwait_us = std::max(maxwait_us, other.maxwait_us);
  return *this;
}

}  // namespace shardway::proxy::stats
