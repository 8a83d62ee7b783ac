#include "services/platform/metrics/metrics_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "services/platform/metrics/metric_families.h"

namespace windrow::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::string_view kAnyPort = "127.0.0.1:0";

// The page, by HTTP.
std::string Scrape(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const std::string request = "GET /metrics HTTP/1.0\r\nHost: x\r\n\r\n";
  EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string page;
  char buffer[4096];
  ssize_t bytes = 0;
  while ((bytes = read(fd, buffer, sizeof(buffer))) > 0) page.append(buffer, bytes);
  close(fd);
  return page;
}

std::unique_ptr<MetricsServer> Start() {
  auto server = MetricsServer::Start(std::string(kAnyPort), "tester");
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

TEST(MetricsServerTest, ServesProcessAndCalls) {
  const std::unique_ptr<MetricsServer> server = Start();
  rpc::CallObserver& calls = *server->call_observer();
  using Type = rpc::CallObserver::CallType;
  calls.OnStarted("/a.B/C", Type::UNARY);
  calls.OnStarted("/a.B/C", Type::UNARY);
  calls.OnHandled("/a.B/C", Type::UNARY, grpc::StatusCode::NOT_FOUND, absl::Milliseconds(20));
  calls.OnStarted("unknown", Type::BIDI_STREAMING);
  const std::string page = Scrape(server->port());
  EXPECT_THAT(page, HasSubstr("windrow_build_info{service=\"tester\",version=\""));
  EXPECT_THAT(page, HasSubstr("# TYPE process_cpu_seconds_total counter"));
  EXPECT_THAT(page, HasSubstr("process_open_fds "));
  const std::string labels = "{grpc_type=\"unary\",grpc_service=\"a.B\",grpc_method=\"C\"";
  EXPECT_THAT(page, HasSubstr(absl::StrCat("grpc_server_started_total", labels, "} 2")));
  EXPECT_THAT(page, HasSubstr(absl::StrCat("grpc_server_handled_total", labels,
                                           ",grpc_code=\"NotFound\"} 1")));
  EXPECT_THAT(page, HasSubstr(absl::StrCat("grpc_server_handling_seconds_bucket", labels,
                                           ",le=\"0.01\"} 0")));
  EXPECT_THAT(page, HasSubstr(absl::StrCat("grpc_server_handling_seconds_bucket", labels,
                                           ",le=\"0.025\"} 1")));
  EXPECT_THAT(page, HasSubstr(absl::StrCat("grpc_server_handling_seconds_bucket", labels,
                                           ",le=\"+Inf\"} 1")));
  EXPECT_THAT(page, HasSubstr("grpc_service=\"unknown\",grpc_method=\"unknown\"} 1"));
}

TEST(MetricsServerTest, AsksTheServiceUntilItGoes) {
  const std::unique_ptr<MetricsServer> server = Start();
  server->SetSource([](MetricFamilies* out) {
    out->AddGauge("windrow_x", "X.", 1, {{"a", "1"}});
    out->AddCounter("windrow_y_total", "Y.", 3);
    out->AddGauge("windrow_x", "X.", 2, {{"a", "2"}});
  });
  const std::string page = Scrape(server->port());
  EXPECT_THAT(page,
              HasSubstr("# TYPE windrow_x gauge\nwindrow_x{a=\"1\"} 1\nwindrow_x{a=\"2\"} 2\n"))
      << "one family, whatever the order";
  EXPECT_THAT(page, HasSubstr("windrow_y_total 3"));
  server->SetSource(nullptr);
  EXPECT_THAT(Scrape(server->port()), Not(HasSubstr("windrow_x")));
}

TEST(MetricsServerTest, WithoutAnAddressNobodyIsAsked) {
  const auto server = MetricsServer::Start("", "tester");
  ASSERT_TRUE(server.ok());
  EXPECT_EQ((*server)->port(), 0);
  EXPECT_NE((*server)->call_observer(), nullptr);
}

TEST(MetricsServerTest, SaysWhatIsWrongWithAnAddress) {
  EXPECT_EQ(MetricsServer::Start("nowhere", "tester").status().code(),
            absl::StatusCode::kInvalidArgument);
  const std::unique_ptr<MetricsServer> first = Start();
  const absl::Status taken =
      MetricsServer::Start(absl::StrCat("127.0.0.1:", first->port()), "tester").status();
  EXPECT_EQ(taken.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(taken.message()), HasSubstr("--metrics_address"));
}

}  // namespace
}  // namespace windrow::metrics
