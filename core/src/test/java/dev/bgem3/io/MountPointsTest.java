package dev.bgem3.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MountPointsTest {
    @Test
    void readsNamesAsTheSystemEscapesThem() {
        // The first two lines are those of proc_pid_mountinfo(5).
        String list = new String("""
                36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
                37 35 98:0 / / rw - ext3 /dev/root rw

                38 35 0:2 /b /some\\040folder/a\\011b\\134c\\012d rw - tmpfs tmpfs rw
                39 35 0:2 /b /Gr\u00fc\u00dfe/$1 rw - tmpfs tmpfs rw
                """.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        for (String place : new String[]{"/mnt2", "/", "/some folder/a\tb\\c\nd",
                "/Gr\u00fc\u00dfe/$1"}) {
            assertThat(MountPoints.contain(Path.of(place), list, StandardCharsets.UTF_8)).as(place).isTrue();
        }
        for (String place : new String[]{"/mnt1", "/mnt", "/mnt2/a", "/some folder"}) {
            assertThat(MountPoints.contain(Path.of(place), list, StandardCharsets.UTF_8)).as(place).isFalse();
        }
    }

    @Test
    void readsNamesInTheEncodingOfTheLocale() throws Exception {
        Charset encoding = Charset.forName("GB18030");
        String line = "37 35 0:2 / /Gr\u00fcn\\040\u5317\u4eac rw - tmpfs tmpfs rw\n";
        String list = new String(line.getBytes(encoding), StandardCharsets.ISO_8859_1);
        Path place = Path.of("/Gr\u00fcn \u5317\u4eac");
        assertThat(MountPoints.contain(place, list, encoding)).isTrue();
        assertThat(MountPoints.contain(place, list, StandardCharsets.UTF_8)).isFalse();
    }

    @Test
    void findsWhatIsMountedHere() throws Exception {
        assumeTrue(Files.exists(Path.of("/proc/self/mountinfo")),
                "this system does not list what is mounted");
        assertThat(MountPoints.contain(Path.of("/proc"))).isTrue();
        assertThat(MountPoints.contain(Path.of("/proc/self"))).isFalse();
    }
}
