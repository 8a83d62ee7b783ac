#ifndef SERVICES_QUERY_SINK_REPLICA_STATUS_H_
#define SERVICES_QUERY_SINK_REPLICA_STATUS_H_

#include "services/query/sink/served_stores.h"
#include "windrow/query/v1/query_service.pb.h"

namespace windrow::query {

// How far this replica has read, and what it does: what GetStatus answers, but for the number of
// subscribers.
void FillReplicaStatus(const ServedStores& stores, v1::GetStatusResponse* response);

}  // namespace windrow::query

#endif  // SERVICES_QUERY_SINK_REPLICA_STATUS_H_
