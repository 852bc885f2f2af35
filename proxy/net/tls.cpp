#include "proxy/net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <stdexcept>

namespace shardway::proxy::net {
namespace {

[[noreturn]] void throw_tls_error(const std::string& what) { throw std::runtime_error(what + ": " + last_tls_error()); }

TlsContext make_context(const SSL_METHOD* method) {
  TlsContext context(::SSL_CTX_new(method), &::SSL_CTX_free);
  if (!context) throw_tls_error("cannot make a TLS context");
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_mode(context.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  ::SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  return context;
}

void load_identity(SSL_CTX* context, const config::Tls& tls) {
  if (tls.certificate.empty()) return;
  if (::SSL_CTX_use_certificate_chain_file(context, tls.certificate.c_str()) != 1) throw_tls_error(tls.certificate);
  if (::SSL_CTX_use_PrivateKey_file(context, tls.key.c_str(), SSL_FILETYPE_PEM) != 1) throw_tls_error(tls.key);
  if (::SSL_CTX_check_private_key(context) != 1) throw_tls_error(tls.key + " does not belong to " + tls.certificate);
}

void load_authorities(SSL_CTX* context, const std::string& file) {
  if (!file.empty() && ::SSL_CTX_load_verify_locations(context, file.c_str(), nullptr) != 1) throw_tls_error(file);
}

}  // namespace

TlsContext make_server_context(const config::Tls& tls) {
  if (tls.mode == config::TlsMode::kOff) return nullptr;
  auto context = make_context(::TLS_server_method());
  load_identity(context.get(), tls);
  load_authorities(context.get(), tls.ca);
  const bool verify = tls.mode == config::TlsMode::kVerifyCa || tls.mode == config::TlsMode::kVerifyFull;
  ::SSL_CTX_set_verify(context.get(), verify ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE,
                       nullptr);
  ::SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

TlsContext make_client_context(const config::Tls& tls) {
  if (tls.mode == config::TlsMode::kOff) return nullptr;
  auto context = make_context(::TLS_client_method());
  load_identity(context.get(), tls);
  load_authorities(context.get(), tls.ca);
  const bool verify = tls.mode == config::TlsMode::kVerifyCa || tls.mode == config::TlsMode::kVerifyFull;
  ::SSL_CTX_set_verify(context.get(), verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  return context;
}

std::string last_tls_error() {
  const unsigned long code = ::ERR_get_error();
  ::ERR_clear_error();
  if (code == 0) return "unknown TLS error";
  char text[256];
  ::ERR_error_string_n(code, text, sizeof text);
  return text;
}

}  // namespace shardway::proxy::net
