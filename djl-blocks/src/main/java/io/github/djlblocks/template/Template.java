package io.github.djlblocks.template;

import java.time.Clock;
import java.time.ZoneId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A template in the language of Jinja, with the settings of Hugging Face transformers: {@code
 * trim_blocks}, {@code lstrip_blocks}, {@code break} and {@code continue}, {@code raise_exception},
 * {@code strftime_now}, and {@code tojson} as {@code json.dumps} without escapes. Values behave as
 * in Python: {@code messages[::-1]}, {@code text.split('x')[-1].strip()}, None, True, 7 // 2.
 *
 * <p>Reference: Jinja 3.1 and {@code apply_chat_template} of transformers. What is not implemented
 * is refused when the template is read: other templates ({@code include}, {@code extends}), {@code
 * call} blocks, recursive loops, {@code *} before arguments, filters of rare use. Nothing a
 * template does changes the values it was given.
 */
public final class Template {

    private final String name;
    private final Statement body;

    private Template(String name, Statement body) {
        this.name = name;
        this.body = body;
    }

    /**
     * Reads a template.
     *
     * @param name what errors call it
     * @param source its text
     * @return the template
     * @throws TemplateException if it is not well formed, or uses what is not implemented
     */
    public static Template parse(String name, String source) {
        List<Token> tokens = Lexer.tokens(name, source);
        return new Template(name, new StatementParser(new TokenReader(name, tokens)).template());
    }

    /**
     * Renders the template.
     *
     * @param variables what it may use: text, numbers, booleans, lists, maps and null
     * @return the text
     * @throws TemplateException if the template raises an exception, or asks something of what is
     *     not there
     */
    public String render(Map<String, ? extends @Nullable Object> variables) {
        return render(variables, Clock.system(ZoneId.systemDefault()));
    }

    String render(Map<String, ? extends @Nullable Object> variables, Clock clock) {
        Map<String, Object> all = new HashMap<>(Globals.of(clock));
        variables.forEach((key, value) -> all.put(key, Python.value(value)));
        StringBuilder out = new StringBuilder();
        try {
            body.run(Scope.of(all).inner(), out);
        } catch (StackOverflowError e) {
            throw new TemplateException(name + ": the template calls itself without end");
        }
        return out.toString();
    }
}
