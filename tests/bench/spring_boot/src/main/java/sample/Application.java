package sample;

import jakarta.servlet.http.HttpSession;
import java.io.Serializable;
import java.util.Map;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.servlet.support.SpringBootServletInitializer;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class Application extends SpringBootServletInitializer {
    @Override
    protected SpringApplicationBuilder configure(SpringApplicationBuilder builder) {
        return builder.sources(Application.class);
    }

    @GetMapping("/health")
    Map<String, String> health() {
        return Map.of("status", "ok");
    }

    /** In the session as an object of the application's own class. */
    @GetMapping("/counter")
    Map<String, Object> counter(HttpSession session) {
        Counter before = (Counter) session.getAttribute("counter");
        Counter now = new Counter(before == null ? 1 : before.number() + 1);
        session.setAttribute("counter", now);
        return Map.of("counter", now.number(), "session", session.getId());
    }

    record Counter(int number) implements Serializable {
    }
}
