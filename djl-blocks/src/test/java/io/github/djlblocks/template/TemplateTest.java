package io.github.djlblocks.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The constructs that chat templates are made of; expected texts are those of Jinja 3.1. */
class TemplateTest {

    private static final Map<String, Object> VARIABLES = variables();

    private static Map<String, Object> variables() {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", "user");
        message.put("content", "a b");
        message.put("name", null);
        return Map.of(
                "letters",
                List.of("p", "q", "r"),
                "message",
                message,
                "rows",
                List.of(Map.of("k", "x", "n", 2), Map.of("k", "y", "n", 1)),
                "count",
                3);
    }

    private static String render(String template) {
        return Template.parse("t", template).render(VARIABLES);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "letters[::-1]|join # rqp",
                "letters[1:]|join # qr",
                "letters[:-1]|join # pq",
                "letters[-1] # r",
                "message.role # user",
                "message['role'] # user",
                "message.get('role') # user",
                "'y' if message.name is none else 'n' # y",
                "'y' if message.x is defined else 'n' # n",
                "'y' if not x is defined else 'n' # y",
                "'y' if x is not defined and count == 3 else 'n' # y",
                "'a' 'b' ~ 1 # ab1",
                "1 + 2 * 3 - 1 # 6",
                "count % 2 # 1",
                "'y' if 'a' in message.content else 'n' # y",
                "'y' if 'z' not in letters else 'n' # y",
                "'y' if 'role' in message else 'n' # y",
                "none or 'x' # x",
                "'y' if count > 5 # ``",
                "'a' if false else 'b' if true else 'c' # b",
                "'it\\'s' # it's",
                "letters|join(', ')|upper # P, Q, R",
                "rows|map(attribute='k')|join # xy",
                "rows|selectattr('k', 'equalto', 'y')|map(attribute='n')|first # 1",
                "rows|rejectattr('k', 'equalto', 'y')|list|length # 1",
                "x|default('d') # d",
                "''|default('d', true) # d",
                "' a '|trim # a",
                "'abc'|replace('b', 'x')|capitalize # Axc",
                "'3'|int + 1 # 4",
                "'a b  c'.split()|length # 3",
                "'a,b,c'.split(',', 1)|last # b,c",
                "'</t>x'.split('</t>')[-1] # x",
                "' xa'.lstrip() + 'bx '.rstrip() # xabx",
                "'y' if 'abc'.startswith('ab') and 'abc'.endswith('c') else 'n' # y",
                "'a-b'.replace('-', '+').title() # A+B",
                "'y' if message.content is string else 'n' # y",
                "'y' if letters is string or message is mapping else 'n' # y",
                "'y' if count is number and letters is iterable else 'n' # y",
                "range(3)|join # 012",
            })
    void render_expression_isWhatJinjaSays(String expression, String expected) {
        assertThat(render("{{ " + expression + " }}")).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '`',
            value = {
                "{% for x in letters if x != 'q' %}{{ loop.index0 }}{{ x }}{% endfor %} # 0p1r",
                "{% for x in [] %}a{% else %}b{% endfor %} # b",
                "{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %} # a1",
                "{% for x in letters %}{{ loop.previtem }}{{ loop.last }}{% endfor %}"
                        + " # falsepfalseqtrue",
                "{% for x in letters %}{% if loop.first %}{% continue %}{% endif %}{{ x }}"
                        + "{% endfor %} # qr",
                "{% for x in letters %}{% if x == 'q' %}{% break %}{% endif %}{{ x }}"
                        + "{% endfor %} # p",
                "{% set f = 0 %}{% for x in letters %}{% set f = 1 %}{% endfor %}{{ f }} # 0",
                "{% set n = namespace(f=0) %}{% for x in letters %}{% set n.f = n.f + 1 %}"
                        + "{% endfor %}{{ n.f }} # 3",
                "{% if true %}{% set y = 4 %}{% endif %}{{ y }} # 4",
                "{% if 0 %}a{% elif count == 3 %}b{% else %}c{% endif %} # b",
                "{% set t %}x{{ count }}{% endset %}{{ t }} # x3",
                "{% macro m(a, b='z') %}{{ a }}{{ b }}{% endmacro %}{{ m(1) ~ m(2, b=3) }} # 1z23",
                "{% generation %}g{% endgeneration %} # g",
            })
    void render_statement_isWhatJinjaSays(String template, String expected) {
        assertThat(render(template)).isEqualTo(expected);
    }

    /**
     * A statement takes the break after it and the indentation before it along, a value nothing.
     */
    @Test
    void render_whiteSpace_isTrimmedAsByTransformers() {
        assertThat(render("a\n  {% if true %}\n  b\n  {% endif %}\nc")).isEqualTo("a\n  b\nc");
        assertThat(render("a \n {%- if true -%} \n b {%- endif %} c")).isEqualTo("ab c");
        assertThat(render("a\n  {{ count }}\nb")).isEqualTo("a\n  3\nb");
        assertThat(render(" {{- count -}} \n b")).isEqualTo("3b");
        assertThat(render("x {% if true %} y{% endif %}")).isEqualTo("x  y");
        assertThat(render("  {# c #}\nz")).isEqualTo("z");
    }

    @Test
    void toJson_isThatOfPython() {
        Map<String, Object> tool = new LinkedHashMap<>();
        tool.put("name", "f\u00e9\n\"<");
        tool.put("list", Arrays.asList(1, 2.5, null, true));
        Map<String, Object> variables = Map.of("tool", tool);
        assertThat(Template.parse("t", "{{ tool|tojson }}").render(variables))
                .isEqualTo("{\"name\": \"f\u00e9\\n\\\"<\", \"list\": [1, 2.5, null, true]}");
        assertThat(Template.parse("t", "{{ tool|tojson(indent=2) }}").render(variables))
                .isEqualTo(
                        """
                        {
                          "name": "f\u00e9\\n\\"<",
                          "list": [
                            1,
                            2.5,
                            null,
                            true
                          ]
                        }\
                        """);
    }

    @Test
    void render_theSameTemplateTwice_isTheSame() {
        Template template =
                Template.parse("t", "{% set n = namespace(c=0) %}{% set n.c = n.c + 1 %}{{ n.c }}");
        assertThat(template.render(Map.of())).isEqualTo("1");
        assertThat(template.render(Map.of())).isEqualTo("1");
    }

    @Test
    void render_fromManyThreads_isRight() {
        Template template = Template.parse("t", "{% for i in range(n) %}{{ i }}{% endfor %}");
        List<String> texts =
                IntStream.range(0, 64)
                        .parallel()
                        .mapToObj(i -> template.render(Map.of("n", i % 8)))
                        .toList();
        for (int i = 0; i < texts.size(); i++) {
            assertThat(texts.get(i)).isEqualTo("01234567".substring(0, i % 8));
        }
    }

    @Test
    void render_raisedException_isThatOfTheTemplate() {
        assertThatThrownBy(() -> render("x{{ raise_exception('No ' + message.role) }}"))
                .isInstanceOf(TemplateException.class)
                .hasMessage("t: Error: No user");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            value = {
                "{% if a %}b",
                "{{ (x }}",
                "{% for x in y %}{% endif %}",
                "{% unknown %}",
                "{{ a ? b }}",
            })
    void parse_whatIsNotWellFormed_isRefused(String template) {
        assertThatThrownBy(() -> Template.parse("chat", template))
                .isInstanceOf(TemplateException.class)
                .hasMessageStartingWith("chat: ");
    }
}
