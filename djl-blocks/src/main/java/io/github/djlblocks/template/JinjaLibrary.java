package io.github.djlblocks.template;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.graalvm.polyglot.Context;
import org.graalvm.polyglot.Engine;
import org.graalvm.polyglot.Source;
import org.graalvm.polyglot.Value;
import org.jspecify.annotations.Nullable;

/**
 * The library {@code @huggingface/jinja}, in JavaScript. It is loaded when it is first needed,
 * which takes about a second, and serves one thread at a time. Scripts see nothing of the host.
 */
final class JinjaLibrary {

    private static final String FILE = "jinja/dist/index.cjs";

    private static @Nullable JinjaLibrary instance;

    private final Value parse;
    private final Value render;

    private JinjaLibrary() {
        // It runs on any JDK; only some compile JavaScript, and a warning would be no news.
        Engine engine =
                Engine.newBuilder("js").option("engine.WarnInterpreterOnly", "false").build();
        Context context = Context.newBuilder("js").engine(engine).build();
        Value library =
                context.eval(script("(module) => {" + text() + "\n;return module.exports;}"));
        Value exports = library.execute(context.eval("js", "({exports: {}})"));
        Value functions =
                context.eval(
                        script(
                                "(jinja) => ({parse: text => new jinja.Template(text),"
                                        + " render: (template, values) =>"
                                        + " template.render(JSON.parse(values))})"));
        Value bound = functions.execute(exports);
        parse = bound.getMember("parse");
        render = bound.getMember("render");
    }

    private static Source script(String text) {
        return Source.newBuilder("js", text, "jinja.js").buildLiteral();
    }

    private static String text() {
        try (InputStream in = JinjaLibrary.class.getResourceAsStream(FILE)) {
            if (in == null) {
                throw new IllegalStateException(
                        FILE + " is missing from the library: build it with Maven, which adds it");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(FILE + " cannot be read", e);
        }
    }

    private static JinjaLibrary instance() {
        JinjaLibrary library = instance;
        if (library == null) {
            library = new JinjaLibrary();
            instance = library;
        }
        return library;
    }

    /** Reads a template. */
    static synchronized Value parse(String text) {
        return instance().parse.execute(text);
    }

    /** Renders what was read, given an object of values as JSON. */
    static synchronized String render(Value template, String values) {
        return instance().render.execute(template, values).asString();
    }
}
