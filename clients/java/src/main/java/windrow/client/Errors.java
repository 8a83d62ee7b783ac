package windrow.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import io.grpc.protobuf.StatusProto;

/** What the services say about an error. */
public final class Errors {
  private Errors() {}

  /** Reason, domain and metadata; empty when the service says nothing, as when the network failed. */
  public static ErrorInfo info(Throwable error) {
    Status status = StatusProto.fromThrowable(error);
    if (status != null) {
      for (Any detail : status.getDetailsList()) {
        if (detail.is(ErrorInfo.class)) {
          try {
            return detail.unpack(ErrorInfo.class);
          } catch (InvalidProtocolBufferException broken) {
            break;
          }
        }
      }
    }
    return ErrorInfo.getDefaultInstance();
  }
}
