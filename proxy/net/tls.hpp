// TLS contexts from the configuration's [tls] words, as strict as libpq's sslmode: prefer and require do not look at
// the certificate, verify-ca checks its chain, verify-full its name too (DNS or IP) as well.
#pragma once

#include <memory>
#include <string>

#include "proxy/config/config.hpp"

using SSL_CTX = struct ssl_ctx_st;
using SSL = struct ssl_st;

namespace shardway::proxy::net {

using TlsContext = std::shared_ptr<SSL_CTX>;

// Towards clients. Throws std::runtime_error naming file and reason. Null when mode is off.
TlsContext make_server_context(const config::Tls& tls);
// Towards servers. Null when mode is off.
TlsContext make_client_context(const config::Tls& tls);
// The last error on OpenSSL's queue of this thread, and clears the queue.
std::string last_tls_error();

}  // namespace shardway::proxy::net
