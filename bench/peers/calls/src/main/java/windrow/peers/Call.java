package windrow.peers;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.LocalDateTime;
import java.time.ZoneOffset;

/** The two fields of a call that the job is about, read in the usual way. */
@JsonIgnoreProperties(ignoreUnknown = true)
public class Call {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final ObjectReader READER = MAPPER.readerFor(Call.class);
  private static final ObjectWriter WRITER = MAPPER.writerFor(Call.class);

  @JsonProperty("original_crime_type_name")
  public String type;

  @JsonProperty("call_date_time")
  public String time;

  public static Call fromJson(byte[] json) {
    try {
      return READER.readValue(json);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  public static byte[] toJson(Call call) {
    try {
      return WRITER.writeValueAsBytes(call);
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }

  /** Event time in milliseconds since 1970; the data has no zone and is read as UTC. */
  public long millis() {
    return LocalDateTime.parse(time).toInstant(ZoneOffset.UTC).toEpochMilli();
  }
}
