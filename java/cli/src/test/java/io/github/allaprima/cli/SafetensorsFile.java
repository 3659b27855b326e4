package io.github.allaprima.cli;

import io.github.allaprima.internal.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The format as published: length of the header, header in JSON, numbers; fp32 only. */
record SafetensorsFile(Map<String, Object> header, ByteBuffer data) {
  static SafetensorsFile read(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] header = new byte[Math.toIntExact(bytes.getLong())];
    bytes.get(header);
    return new SafetensorsFile(
        Json.object(new String(header, StandardCharsets.UTF_8)),
        bytes.slice().order(ByteOrder.LITTLE_ENDIAN));
  }

  static void write(Path file, String name, List<Long> shape, float[] values) throws IOException {
    int size = values.length * Float.BYTES;
    byte[] header =
        "{\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[0,%d]}}"
            .formatted(name, shape, size)
            .getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes =
        ByteBuffer.allocate(Long.BYTES + header.length + size).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(header.length).put(header).asFloatBuffer().put(values);
    Files.write(file, bytes.array());
  }

  List<?> shape(String tensor) {
    return (List<?>) field(tensor, "shape");
  }

  String dtype(String tensor) {
    return (String) field(tensor, "dtype");
  }

  float[] values(String tensor) {
    List<?> offsets = (List<?>) field(tensor, "data_offsets");
    int begin = ((Long) offsets.get(0)).intValue();
    int end = ((Long) offsets.get(1)).intValue();
    float[] values = new float[(end - begin) / Float.BYTES];
    data.slice(begin, end - begin).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }

  private Object field(String tensor, String name) {
    return ((Map<?, ?>) header.get(tensor)).get(name);
  }
}
