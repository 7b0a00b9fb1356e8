package io.github.djlblocks.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Templates written for these tests with the constructs of the families they are named after; the
 * expected texts are written out by hand.
 */
class ChatTemplateTest {

    private static final Map<String, String> TOKENS =
            Map.of("bos_token", "<s>", "eos_token", "</s>");

    private static final List<ChatMessage> CHAT =
            List.of(
                    ChatMessage.system("Be brief."),
                    ChatMessage.user("Hi"),
                    ChatMessage.assistant(" Hello. "),
                    ChatMessage.user("Bye"));

    private static String render(String template, List<ChatMessage> messages) {
        return ChatTemplate.of(template, TOKENS).render(messages);
    }

    @Test
    void render_chatMl_framesEachMessage() {
        String template =
                """
                {% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + \
                message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if \
                add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}\
                """;
        assertThat(render(template, CHAT.subList(0, 2)))
                .isEqualTo(
                        """
                        <|im_start|>system
                        Be brief.<|im_end|>
                        <|im_start|>user
                        Hi<|im_end|>
                        <|im_start|>assistant
                        """);
        assertThat(
                        ChatTemplate.of(template, TOKENS)
                                .render(
                                        CHAT.subList(1, 2),
                                        ChatOptions.defaults().withGenerationPrompt(false)))
                .isEqualTo("<|im_start|>user\nHi<|im_end|>\n");
    }

    /** Slices off the system message, insists on turns, and writes special tokens. */
    @Test
    void render_llama2_putsSystemIntoTheFirstTurn() {
        String template =
                """
                {% if messages[0]['role'] == 'system' %}
                {% set rest = messages[1:] %}
                {% set system = messages[0]['content'] %}
                {% else %}
                {% set rest = messages %}
                {% set system = false %}
                {% endif %}
                {% for message in rest %}
                {% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
                {{ raise_exception('Turns must alternate user/assistant!') }}
                {% endif %}
                {% if loop.index0 == 0 and system != false %}
                {% set content = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + message['content'] %}
                {% else %}
                {% set content = message['content'] %}
                {% endif %}
                {% if message['role'] == 'user' %}
                {{- bos_token + '[INST] ' + content.strip() + ' [/INST]' -}}
                {% elif message['role'] == 'assistant' %}
                {{- ' ' + content.strip() + ' ' + eos_token -}}
                {% endif %}
                {% endfor %}
                """;
        assertThat(render(template, CHAT))
                .isEqualTo(
                        "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello. </s><s>[INST]"
                                + " Bye [/INST]");
        assertThatThrownBy(
                        () ->
                                render(
                                        template,
                                        List.of(ChatMessage.user("a"), ChatMessage.user("b"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("chat template: Error: Turns must alternate user/assistant!");
    }

    /** Dates, tools as indented JSON, tests of keys, calls of tools. */
    @Test
    void render_llama3WithTools_writesSchemasAndCalls() {
        String template =
                """
                {{- bos_token }}
                {%- if not date_string is defined %}
                    {%- if strftime_now is defined %}
                        {%- set date_string = "26 Jul 2024" %}
                    {%- endif %}
                {%- endif %}
                {%- if not tools is defined %}{% set tools = none %}{% endif %}
                {{- "<|h|>system<|/h|>\\n\\nToday: " + date_string + "\\n" }}
                {%- if tools is not none %}
                    {%- for t in tools %}
                        {{- t | tojson(indent=4) }}
                        {{- "\\n" }}
                    {%- endfor %}
                {%- endif %}
                {%- for message in messages %}
                    {%- if not (message.role == 'tool' or 'tool_calls' in message) %}
                        {{- '<|h|>' + message['role'] + '<|/h|>' + message['content'] | trim }}
                    {%- elif 'tool_calls' in message %}
                        {%- if not message.tool_calls|length == 1 %}
                            {{- raise_exception("One call at a time!") }}
                        {%- endif %}
                        {%- set tool_call = message.tool_calls[0].function %}
                        {{- '{"name": "' + tool_call.name + '", ' }}
                        {{- '"parameters": ' }}
                        {{- tool_call.arguments | tojson }}
                        {{- "}" }}
                    {%- elif message.role == "tool" or message.role == "ipython" %}
                        {%- if message.content is mapping or message.content is string %}
                            {{- '[' + message.name + ']' + message.content | tojson }}
                        {%- endif %}
                    {%- endif %}
                    {{- '<|e|>' }}
                {%- endfor %}
                """;
        List<ChatMessage> messages =
                List.of(
                        ChatMessage.user(" Rain? "),
                        ChatMessage.assistant(
                                "", List.of(new ToolCall("", "rain", Map.of("city", "K\u00f6ln")))),
                        ChatMessage.tool("rain", "", "yes"));
        String text =
                ChatTemplate.of(template, TOKENS)
                        .render(
                                messages,
                                ChatOptions.defaults().withTools(List.of(Map.of("name", "rain"))));
        assertThat(text)
                .isEqualTo(
                        """
                        <s><|h|>system<|/h|>

                        Today: 26 Jul 2024
                        {
                            "name": "rain"
                        }
                        <|h|>user<|/h|>Rain?<|e|>\
                        {"name": "rain", "parameters": {"city": "K\u00f6ln"}}<|e|>\
                        [rain]"yes"<|e|>\
                        """);
    }

    /** The last user message is found backwards, through a namespace. */
    @Test
    void render_qwen3_dropsOldThoughtsAndStartsEmptyOnes() {
        String template =
                """
                {%- set ns = namespace(multi_step_tool=true, last=messages|length - 1) %}
                {%- for message in messages[::-1] %}
                    {%- set index = (messages|length - 1) - loop.index0 %}
                    {%- if ns.multi_step_tool and message.role == "user" and message.content is \
                string and not(message.content.startswith('<r>') and \
                message.content.endswith('</r>')) %}
                        {%- set ns.multi_step_tool = false %}
                        {%- set ns.last = index %}
                    {%- endif %}
                {%- endfor %}
                {%- for message in messages %}
                    {%- set content = message.content %}
                    {%- if message.role == "assistant" %}
                        {%- set thoughts = '' %}
                        {%- if '</think>' in content %}
                            {%- set thoughts = content.split('</think>')[0].rstrip('\\n')\
                .split('<think>')[-1].lstrip('\\n') %}
                            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
                        {%- endif %}
                        {%- if loop.index0 > ns.last and (loop.last or thoughts) %}
                            {{- 'A<think>' + thoughts.strip('\\n') + '</think>' + content }}
                        {%- else %}
                            {{- 'A' + content }}
                        {%- endif %}
                    {%- else %}
                        {{- message.role[0]|upper + content }}
                    {%- endif %}
                    {{- '|' }}
                {%- endfor %}
                {%- if add_generation_prompt %}
                    {{- 'A' }}
                    {%- if enable_thinking is defined and enable_thinking is false %}
                        {{- '<think>\\n\\n</think>\\n\\n' }}
                    {%- endif %}
                {%- endif %}
                """;
        String answer = "<think>\nhm\n</think>\n\nfine";
        List<ChatMessage> messages =
                List.of(
                        ChatMessage.user("q1"),
                        ChatMessage.assistant(answer),
                        ChatMessage.user("q2"),
                        ChatMessage.assistant(answer),
                        ChatMessage.user("<r>x</r>"));
        assertThat(render(template, messages))
                .isEqualTo("Uq1|Afine|Uq2|A<think>hm</think>fine|U<r>x</r>|A");
        assertThat(
                        ChatTemplate.of(template, TOKENS)
                                .render(
                                        messages.subList(0, 1),
                                        ChatOptions.defaults()
                                                .withVariable("enable_thinking", false)))
                .isEqualTo("Uq1|A<think>\n\n</think>\n\n");
    }

    /** Sets in an if inside a loop, renamed roles, a comparison of comparisons. */
    @Test
    void render_gemma_renamesTheAssistant() {
        String template =
                """
                {{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System \
                role not supported') }}{% endif %}{% for message in messages %}{% if \
                (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set \
                role = message['role'] %}{% endif %}{{ '<turn>' + role + '\\n' + \
                message['content'] | trim + '</turn>\\n' }}{% endfor %}{% if \
                add_generation_prompt %}{{'<turn>model\\n'}}{% endif %}\
                """;
        assertThat(render(template, CHAT.subList(1, 4)))
                .isEqualTo(
                        """
                        <s><turn>user
                        Hi</turn>
                        <turn>model
                        Hello.</turn>
                        <turn>user
                        Bye</turn>
                        <turn>model
                        """);
        assertThatThrownBy(() -> render(template, CHAT))
                .hasMessage("chat template: Error: System role not supported");
    }

    /** A filtered loop, a macro with a default, documents, generation blocks. */
    @Test
    void render_mistralAndPhi_filterAndCall() {
        String template =
                """
                {%- macro turn(text, open='[INST]') -%}
                {{ open }}{{ text }}{{ '[/INST]' }}
                {%- endmacro -%}
                {%- set users = messages | selectattr('role', 'equalto', 'user') | list -%}
                {{ bos_token }}
                {%- for message in messages if message.role != 'system' -%}
                {%- if message.role == 'user' -%}
                {{ turn(message.content) if message != users[-1] else turn(message.content, \
                open='[LAST]') }}
                {%- else -%}
                {% generation %}{{ message.content.strip() ~ eos_token }}{% endgeneration %}
                {%- endif -%}
                {%- endfor -%}
                {%- for document in documents %}<d>{{ document.title }}</d>{% endfor -%}
                """;
        String text =
                ChatTemplate.of(template, TOKENS)
                        .render(
                                CHAT,
                                ChatOptions.defaults()
                                        .withDocuments(List.of(Map.of("title", "T"))));
        assertThat(text).isEqualTo("<s>[INST]Hi[/INST]Hello.</s>[LAST]Bye[/INST]<d>T</d>");
    }

    @Test
    void render_noMessage_isRefused() {
        assertThatThrownBy(() -> render("x", List.of()))
                .hasMessage("the chat has no message: give at least one");
    }
}
