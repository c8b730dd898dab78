package peer;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The server that `mutual serve --config` and `mutual doctor --config` are measured against. */
@SpringBootApplication
@RestController
public class App {
    @GetMapping("/")
    String ok() {
        return "OK";
    }

    public static void main(String[] args) {
        SpringApplication.run(App.class, args);
    }
}
