using System.Net;
using System.Net.Http.Json;
using System.Text;
using QuantumTrader.App.Hosting;
using QuantumTrader.Pipelines;

namespace QuantumTrader.Tests.App.Hosting;

public sealed class AccessTests
{
    private static readonly (string, string) Known = ("Authorization", $"Bearer {HostedRun.Token}");

    private static StringContent Json(string text = "{}") => new(text, Encoding.UTF8, "application/json");

    [Theory]
    [InlineData("http://evil.example")]
    [InlineData("null")]
    [InlineData("http://127.0.0.1")]
    [InlineData("http://localhost:1")]
    public async Task Pages_of_other_sites_get_nothing(string origin)
    {
        await using var run = await HostedRun.StartAsync();
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post })
        {
            using var answer = await run.SendAsync(method, "/api/pipeline", null, ("Origin", origin), Known);
            answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
            (await answer.Content.ReadAsStringAsync()).ShouldContain("Pages of other sites");
        }
    }

    [Fact]
    public async Task The_hosts_own_page_is_welcome()
    {
        await using var run = await HostedRun.StartAsync();
        using var answer = await run.SendAsync(HttpMethod.Get, "/api/pipeline", null, ("Origin", run.Host.Address.GetLeftPart(UriPartial.Authority)), ("Sec-Fetch-Site", "same-origin"));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_foreign_page_cannot_take_the_answer_as_an_image_but_may_link_here()
    {
        await using var run = await HostedRun.StartAsync();
        using var image = await run.SendAsync(HttpMethod.Get, "/api/pipeline", null, ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"));
        using var link = await run.SendAsync(HttpMethod.Get, "/", null, ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"));

        (image.StatusCode, link.StatusCode).ShouldBe((HttpStatusCode.Forbidden, HttpStatusCode.OK));
    }

    [Fact]
    public async Task A_name_that_was_made_to_point_here_is_refused()
    {
        await using var run = await HostedRun.StartAsync(options: new HostOptions { Names = ["trader.example"] });
        var port = run.Host.Address.Port;
        foreach (var (name, expected) in new[]
        {
            ($"evil.example:{port}", HttpStatusCode.Forbidden), ($"127.0.0.2:{port}", HttpStatusCode.Forbidden), ("127.0.0.1", HttpStatusCode.Forbidden), ("localhost:1", HttpStatusCode.Forbidden),
            ($"localhost:{port}", HttpStatusCode.OK), ($"127.0.0.1:{port}", HttpStatusCode.OK), ("trader.example", HttpStatusCode.OK),
        })
        {
            using var answer = await run.SendAsync(HttpMethod.Get, "/api/pipeline", null, ("Host", name));
            answer.StatusCode.ShouldBe(expected, name);
        }
    }

    [Fact]
    public async Task Nothing_can_be_changed_without_a_token_and_the_answer_says_how()
    {
        await using var run = await HostedRun.StartAsync(token: null);
        using var answer = await run.SendAsync(HttpMethod.Post, "/api/pipeline", null, Known);

        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("Start it with the environment variable QT_TOKEN set to a secret of your own.");
    }

    [Fact]
    public async Task Only_the_right_token_lets_in()
    {
        await using var run = await HostedRun.StartAsync();
        foreach (var (given, expected) in new[]
        {
            ("", HttpStatusCode.Unauthorized), ("Bearer wrong", HttpStatusCode.Unauthorized), ($"Basic {HostedRun.Token}", HttpStatusCode.Unauthorized),
            ($"Bearer {HostedRun.Token}x", HttpStatusCode.Unauthorized), ("Bearer " + HostedRun.Token[..^1], HttpStatusCode.Unauthorized),
            ($"Bearer {HostedRun.Token}", HttpStatusCode.MethodNotAllowed),
        })
        {
            using var answer = await run.SendAsync(HttpMethod.Post, "/api/pipeline", null, ("Authorization", given));
            answer.StatusCode.ShouldBe(expected, given);
        }
    }

    [Fact]
    public async Task A_body_must_be_small_and_json()
    {
        await using var run = await HostedRun.StartAsync();
        using var form = await run.SendAsync(HttpMethod.Post, "/api/pipeline", new StringContent("a=1", Encoding.UTF8, "application/x-www-form-urlencoded"), Known);
        using var large = await run.SendAsync(HttpMethod.Post, "/api/pipeline", Json(new string(' ', AccessRules.MaxBodyBytes + 1)), Known);
        using var good = await run.SendAsync(HttpMethod.Post, "/api/pipeline", Json(), Known);

        (form.StatusCode, large.StatusCode, good.StatusCode).ShouldBe((HttpStatusCode.UnsupportedMediaType, HttpStatusCode.RequestEntityTooLarge, HttpStatusCode.MethodNotAllowed));
    }

    [Fact]
    public async Task Who_asks_too_often_is_told_to_wait_and_then_served_again()
    {
        await using var run = await HostedRun.StartAsync(options: new HostOptions { RequestsPerSecond = 5 });
        var refused = await run.Client.GetAsync("/health/live");
        for (var i = 0; i < 1000 && refused.IsSuccessStatusCode; i++)
        {
            refused = await run.Client.GetAsync("/health/live");
        }

        refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        refused.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!(await run.Client.GetAsync("/health/live", deadline.Token)).IsSuccessStatusCode)
        {
            await Task.Delay(50, deadline.Token);
        }
    }

    [Fact]
    public async Task Where_other_machines_can_come_reading_needs_the_token_too()
    {
        var refused = await Should.ThrowAsync<ConfigurationException>(() => HostedRun.StartAsync(token: null, listen: "0.0.0.0:0"));
        refused.Message.ShouldContain("set the environment variable QT_TOKEN");

        await using var run = await HostedRun.StartAsync(listen: "0.0.0.0:0");
        foreach (var (path, isOpen) in new[] { ("/api/pipeline", false), ("/metrics", false), ("/openapi.json", false), ("/api/stream", false), ("/health/live", true), ("/", true) })
        {
            using var stranger = await run.Client.GetAsync(path);
            stranger.StatusCode.ShouldBe(isOpen ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, path);
        }

        using var friend = await run.SendAsync(HttpMethod.Get, "/api/pipeline", null, Known);
        friend.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("8080", "127.0.0.1:8080")]
    [InlineData(":8080", "127.0.0.1:8080")]
    [InlineData("localhost:0", "127.0.0.1:0")]
    [InlineData("0.0.0.0:80", "0.0.0.0:80")]
    [InlineData("[::1]:8080", "[::1]:8080")]
    [InlineData("127.0.0.1", null)]
    [InlineData("::1", null)]
    [InlineData("127.0.0.1:65536", null)]
    [InlineData("example.org:80", null)]
    [InlineData("pipelines/demo.yml", null)]
    [InlineData("", null)]
    public void Addresses_are_read_as_people_write_them(string text, string? expected) =>
        (ListenAddress.TryParse(text, out var address) ? address.ToString() : null).ShouldBe(expected);
}
