using QuantumTrader.App.Alerting;
using QuantumTrader.App.Alerting.Channels;
using QuantumTrader.Features;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.App.Alerting;

public sealed class OutboxTests : IDisposable
{
    private const string Variable = "QT_TEST_ALERT_SECRET";
    private const string SecretValue = "s3cr3t-value";

    private static readonly ChannelOptions Quick = new() { Backoff = TimeSpan.FromMilliseconds(2), Attempts = 3, Timeout = TimeSpan.FromSeconds(10) };

    private readonly HttpReceiver _http = new();
    private readonly MailReceiver _mail = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _givenUp = [];

    public OutboxTests() => Environment.SetEnvironmentVariable(Variable, SecretValue);

    public void Dispose()
    {
        _stop.Cancel();
        _http.Dispose();
        _mail.Dispose();
        _stop.Dispose();
        Environment.SetEnvironmentVariable(Variable, null);
    }

    private static RaisedAlert Alert(long id) => new(id, DateTimeOffset.UnixEpoch, "p", "latency", "orders", AlertSeverity.High, $"message {id}", 0.2, 0.1);

    private Outbox Open(IAlertChannel channel, ChannelOptions? options = null, params RaisedAlert[] waiting)
    {
        var outbox = new Outbox(channel, options ?? Quick, waiting, TimeProvider.System, (alert, why) => _givenUp.Add($"{alert.Id}: {why}"));
        _ = outbox.RunAsync(_stop.Token);
        return outbox;
    }

    private WebhookChannel Webhook() => new(new WebhookOptions { Url = _http.Url, TokenFrom = Variable });

    private EmailChannel Email() => new(new EmailOptions { Host = "127.0.0.1", Port = _mail.Port, Tls = false, From = "qt@example.org", To = ["desk@example.org", "risk@example.org"] });

    private static void Until(Func<bool> condition, string what) => SpinWait.SpinUntil(condition, 60_000).ShouldBeTrue(what);

    [Fact]
    public void A_webhook_gets_the_alert_as_json_with_its_token()
    {
        Open(Webhook()).Add(Alert(7));
        Until(() => _http.Taken.Count == 1, "it must come");
        var (path, head, body) = _http.Taken.Single();
        path.ShouldBe("/hook");
        head.ShouldContain($"Authorization: Bearer {SecretValue}");
        body.ShouldContain("\"rule\": \"latency\"");
        body.ShouldContain("\"severity\": \"high\"");
    }

    [Fact]
    public void What_fails_for_now_is_tried_again_and_the_order_stays()
    {
        foreach (var answer in new[] { "500 Oh", "429 Busy\r\nRetry-After: 0", HttpReceiver.Silence })
        {
            _http.Answers.Enqueue(answer);
        }

        var outbox = Open(Webhook(), Quick with { Attempts = 4, Timeout = TimeSpan.FromSeconds(1.5) });
        outbox.Add(Alert(1));
        outbox.Add(Alert(2));
        Until(() => _http.Taken.Count == 2, "both must come");
        _http.Taken.Select(t => t.Body.Contains("message 1", StringComparison.Ordinal)).ShouldBe([true, false]);
        Until(() => outbox.Report().Delivered == 2, "both are delivered");
        outbox.Report().ShouldBe(new OutboxReport("webhook", 0, 2, 3, 0, null));
    }

    [Fact]
    public void What_is_refused_for_good_is_not_tried_again_and_what_fails_too_often_is_given_up()
    {
        foreach (var answer in new[] { "404 Not Found", "503 a", "503 b", "503 c" })
        {
            _http.Answers.Enqueue(answer);
        }

        var outbox = Open(Webhook());
        foreach (var id in new[] { 1, 2, 3 })
        {
            outbox.Add(Alert(id));
        }

        Until(() => outbox.Report().Delivered == 1, "the third must come");
        outbox.Report().GivenUp.ShouldBe(2);
        _http.Posts.ShouldBe(5);
        _givenUp.ShouldBe(["1: the other side answered 404 NotFound", "2: the other side answered 503 ServiceUnavailable"]);
    }

    [Fact]
    public void Nobody_there_is_a_failure_like_any_other_and_what_waits_stays_for_the_next_run()
    {
        var url = _http.Url;
        _http.Dispose();
        var outbox = Open(new WebhookChannel(new WebhookOptions { Url = url }), Quick with { Attempts = 100, Backoff = TimeSpan.FromMinutes(1) }, Alert(1));
        Until(() => outbox.Report().Failures == 1, "it must be tried");
        outbox.Add(Alert(2));
        outbox.Waiting.Select(a => a.Id).ShouldBe([1, 2]);
        outbox.Report().LastFailure.ShouldBe("no connection: ConnectionError");
    }

    [Fact]
    public void No_more_wait_than_there_is_room_for()
    {
        for (var i = 0; i < Outbox.MaxWaiting; i++)
        {
            _http.Answers.Enqueue(HttpReceiver.Silence);
        }

        var outbox = Open(Webhook(), Quick with { Timeout = TimeSpan.FromMinutes(1) });
        outbox.Add(Alert(0));
        Until(() => _http.Posts == 1, "the first must be under way");
        for (var i = 1; i < Outbox.MaxWaiting + 2; i++)
        {
            outbox.Add(Alert(i));
        }

        outbox.Waiting.Count.ShouldBe(Outbox.MaxWaiting);
        outbox.Waiting.Take(2).Select(a => a.Id).ShouldBe([0, 3]);
        _givenUp.ShouldBe(["1: more alerts wait than are kept", "2: more alerts wait than are kept"]);
    }

    [Fact]
    public async Task A_channel_that_never_returns_is_left_after_its_time()
    {
        var outbox = new Outbox(new DeafChannel(), Quick with { Timeout = TimeSpan.FromMilliseconds(20) }, [], TimeProvider.System, (_, _) => { });
        (await Should.ThrowAsync<DeliveryException>(() => outbox.SendAsync(Alert(1), CancellationToken.None))).Message.ShouldBe("no answer within 0.02 s");
    }

    [Fact]
    public void Telegram_gets_one_line_in_the_chat_and_no_failure_shows_the_token()
    {
        _http.Answers.Enqueue("500 Oh");
        var outbox = Open(new TelegramChannel(new TelegramOptions { Chat = "-100", TokenFrom = Variable, Url = $"http://127.0.0.1:{_http.Port}" }));
        outbox.Add(Alert(3));
        Until(() => _http.Taken.Count == 1, "it must come");
        var (path, _, body) = _http.Taken.Single();
        path.ShouldBe($"/bot{SecretValue}/sendMessage");
        body.ShouldContain("\"chat_id\": \"-100\"");
        body.ShouldContain("[High] latency orders: message 3 (p, 1970-01-01 00:00:00Z)");

        _http.Answers.Enqueue("401 Unauthorized");
        outbox.Add(Alert(4));
        Until(() => _givenUp.Count == 1, "it is given up");
        (_givenUp.Single() + outbox.Report()).ShouldNotContain(SecretValue);
    }

    [Fact]
    public void Mail_goes_to_all_and_is_sent_again_when_the_server_is_busy()
    {
        _mail.Answers.Enqueue("451 later");
        var outbox = Open(Email());
        outbox.Add(Alert(5));
        Until(() => _mail.Taken.Count == 1, "it must come");
        var mail = _mail.Taken.Single();
        mail.ShouldContain("Subject: [High] latency orders");
        mail.ShouldContain("desk@example.org");
        mail.ShouldContain("risk@example.org");
        Until(() => outbox.Report().Delivered == 1, "it is delivered");
        outbox.Report().Failures.ShouldBe(1);

        _mail.Answers.Enqueue("554 no");
        outbox.Add(Alert(6));
        Until(() => _givenUp.Count == 1, "it is given up at once");
        _givenUp.Single().ShouldContain("554");
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        Should.Throw<ConfigurationException>(() => new WebhookChannel(new WebhookOptions())).Option.ShouldBe("channels.webhook");
        Should.Throw<ConfigurationException>(() => new WebhookChannel(new WebhookOptions { Url = "ftp://x" })).Message.ShouldContain("https://");
        Should.Throw<ConfigurationException>(() => new TelegramChannel(new TelegramOptions { Chat = "1", TokenFrom = "QT_NOBODY_SETS_THIS" })).Message.ShouldContain("QT_NOBODY_SETS_THIS");
        Should.Throw<ConfigurationException>(() => new EmailChannel(new EmailOptions { Host = "h", From = "nobody", To = ["a@b"] })).Option.ShouldBe("channels.email.from");
        Should.Throw<ConfigurationException>(() => new EmailChannel(new EmailOptions { Host = "h", From = "a@b", To = [] })).Option.ShouldBe("channels.email.to");
    }

    private sealed class DeafChannel : IAlertChannel
    {
        public string Name => "deaf";

        public Task SendAsync(RaisedAlert alert, CancellationToken stop) => new TaskCompletionSource().Task;

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
