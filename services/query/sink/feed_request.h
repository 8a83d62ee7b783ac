#ifndef SERVICES_QUERY_SINK_FEED_REQUEST_H_
#define SERVICES_QUERY_SINK_FEED_REQUEST_H_

#include <grpcpp/support/status.h>

#include "services/query/core/resume_token.h"
#include "services/query/sink/feed_reader.h"
#include "services/query/sink/store_view.h"
#include "services/query/sink/subscription.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::query {

// Which rows a feed is to send, and how; errors name the wrong field. The view is not looked at.
grpc::Status CheckFeed(const v1::SubscribeRequest& request, FeedSelection* selection,
                       Subscription::Options* options);

// Where in the content of the view's store a feed is to begin.
grpc::Status FindStart(const v1::SubscribeRequest& request, const FeedSelection& selection,
                       const StoreView& content, ResumeToken* start);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_FEED_REQUEST_H_
