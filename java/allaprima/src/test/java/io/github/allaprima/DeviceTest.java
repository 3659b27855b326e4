package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class DeviceTest {
  @Test
  void is_written_as_in_libtorch() {
    assertEquals("auto", Device.auto().toString());
    assertEquals("cpu", Device.cpu().toString());
    assertEquals("cuda:1", Device.cuda(1).toString());
  }

  @Test
  void refuses_an_index_that_cannot_be() {
    assertThrows(IllegalArgumentException.class, () -> Device.cuda(-1));
    assertThrows(IllegalArgumentException.class, () -> new Device(Device.Kind.CPU, 1));
  }
}
