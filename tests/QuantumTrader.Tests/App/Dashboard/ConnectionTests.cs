using System.Globalization;
using Microsoft.Playwright;
using QuantumTrader.Tests.App.Hosting;
using Xunit.Abstractions;

namespace QuantumTrader.Tests.App.Dashboard;

[Collection(DashboardCollection.Name)]
public sealed class ConnectionTests(DashboardFixture dashboard, ITestOutputHelper output)
{
    [BrowserFact]
    public async Task A_page_says_that_its_host_is_gone_and_goes_on_with_the_next_one()
    {
        var first = await dashboard.StartAsync(0);
        var port = first.Address.Port;
        await using var open = await OpenPage.AtAsync(dashboard.Browser, first.Address);
        await open.Says(".status .pipeline", "dashboard");

        await first.DisposeAsync();
        await open.Connected("gone");
        await open.Says("[role=alert]", "The host does not answer");
        await open.Says("[role=alert]", "Next try in");
        await Assertions.Expect(open.Page.Locator(".node[data-block=book]")).ToBeVisibleAsync();

        // By itself; who cannot wait presses the button, which may be gone by then.
        await using var second = await dashboard.StartAsync(port);
        await open.Connected("live");
        await Assertions.Expect(open.Page.Locator("[role=alert]")).ToHaveCountAsync(0);
        await PageTests.Eventually(async () => await PageTests.EventsAsync(open) is var shown && shown > 0 && shown <= second.Live.Watch.Now().Report.Events);
    }

    [BrowserFact]
    public async Task A_page_that_hears_nothing_says_that_its_numbers_may_be_old()
    {
        await using var silent = await UpdateFlood.StartAsync(dashboard.Address);
        await using var open = await OpenPage.LoadAsync(dashboard.Browser, silent.Address, "market", hasClock: true);
        await open.Connected("live");
        await open.Page.Clock.FastForwardAsync(4000);
        await open.Connected("live");
        await open.Page.Clock.FastForwardAsync(3000);
        await open.Connected("stale");
        await open.Says("[role=alert]", "Nothing has come for more than 5 s");

        await silent.PourAsync(TimeSpan.FromMilliseconds(200), 100);
        await open.Connected("live");
        await Assertions.Expect(open.Page.Locator("[role=alert]")).ToHaveCountAsync(0);
    }

    [BrowserFact]
    public async Task A_host_that_others_can_reach_shows_nothing_without_its_token()
    {
        await using var hosted = await HostedRun.StartAsync(listen: "0.0.0.0:0");
        await using var open = await OpenPage.LoadAsync(dashboard.Browser, hosted.Client.BaseAddress!);
        await open.Connected("locked");
        foreach (var (token, state) in new[] { ("a guess", "locked"), (HostedRun.Token, "live") })
        {
            await open.Page.Locator(".notice input[name=token]").FillAsync(token);
            await open.Page.GetByRole(AriaRole.Button, new() { Name = "Open" }).ClickAsync();
            await open.Says("main", token == HostedRun.Token ? "Pipeline" : "Waiting");
            await open.Connected(state);
        }

        await open.Says(".status .pipeline", "hosted");
        (await open.Page.EvaluateAsync<string>("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])")).ShouldNotContain(HostedRun.Token);
    }

    [BrowserFact]
    public async Task A_page_that_nobody_sees_asks_for_nothing_and_is_up_to_date_when_it_is_seen_again()
    {
        await using var open = await OpenPage.AtAsync(dashboard.Browser, dashboard.Address);
        await open.Page.Locator(".node[data-block=normalize]").ClickAsync();
        await open.Page.GetByRole(AriaRole.Button, new() { Name = "Watch what leaves" }).ClickAsync();
        await Assertions.Expect(open.Page.Locator(".tap tbody tr").First).ToBeVisibleAsync();

        await open.SeenAsync(false);
        await PageTests.Eventually(() => Task.FromResult(dashboard.Served.Hub.Open == 0));
        var (asked, shown, passed) = (open.Requests.Count, await PageTests.EventsAsync(open), Passed());
        await PageTests.Eventually(() => Task.FromResult(Passed() > passed + 30_000));
        open.Requests.Count.ShouldBeLessThanOrEqualTo(asked + 1, "a question of the tap may have been on its way");
        (await PageTests.EventsAsync(open)).ShouldBe(shown);

        passed = Passed();
        await open.SeenAsync(true);
        await PageTests.Eventually(async () => await PageTests.EventsAsync(open) >= passed);
        await open.Connected("live");
        open.Complaints.ShouldBeEmpty();

        long Passed() => dashboard.Served.Live.Watch.Now().Report.Events;
    }

    [BrowserFact]
    public async Task A_run_that_has_ended_is_shown_as_it_ended()
    {
        await using var served = await dashboard.StartAsync(0);
        await using var open = await OpenPage.AtAsync(dashboard.Browser, served.Address);
        await served.EndAsync();

        await open.Says(".notice", "The run has ended after");
        var events = served.Live.Watch.Now().Report.Events.ToString("N0", CultureInfo.InvariantCulture);
        await open.Says(".status .rate", events);
        await open.Connected("live");
    }

    [BrowserFact]
    public async Task A_page_without_its_part_of_the_pipeline_says_what_to_add()
    {
        await using var served = await ServedPipeline.StartAsync("flow.yml", 0, ["blocks.feed.speed=100x"]);
        await using var open = await OpenPage.AtAsync(dashboard.Browser, served.Address);
        foreach (var (page, text, yaml) in new[] { ("model", "has no model", "model.onnx"), ("rollout", "has no rollout", "rollout:"), ("trading", "sends no orders", "execution.paper"), ("history", "keeps no history", "sink.store") })
        {
            await open.GoAsync(page);
            await open.Says(".empty h2", text);
            await open.Says(".empty pre", yaml);
        }
    }

    [BrowserFact]
    public async Task A_thousand_updates_a_second_leave_the_page_responsive()
    {
        await using var flood = await UpdateFlood.StartAsync(dashboard.Address);
        await using var open = await OpenPage.AtAsync(dashboard.Browser, flood.Address, "market/DEMO");
        await open.Page.EvaluateAsync("""
            () => {
              window.frames_ = [];
              let last = performance.now();
              const next = now => { window.frames_.push(now - last); last = now; requestAnimationFrame(next); };
              requestAnimationFrame(next);
            }
            """);
        await flood.PourAsync(TimeSpan.FromSeconds(3), 1000);

        // All came, the newest is shown, lists stay bounded, and the page still does as it is told.
        await open.Says("[data-test=last-price]", flood.LastPrice.ToString("N0", CultureInfo.InvariantCulture));
        (await open.Page.Locator(".tape tbody tr").CountAsync()).ShouldBeLessThanOrEqualTo(50);
        await open.GoAsync("flow");
        var frames = (await open.Page.EvaluateAsync<double[]>("window.frames_")).Order().ToArray();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{flood.Sent} updates in {flood.Seconds:0.0} s, {frames.Length} frames: median {frames[frames.Length / 2]:0.0} ms, p95 {frames[frames.Length * 95 / 100]:0.0} ms, p99 {frames[frames.Length * 99 / 100]:0.0} ms, longest {frames[^1]:0.0} ms"));
        flood.Sent.ShouldBeGreaterThanOrEqualTo(2900);
        open.Complaints.ShouldBeEmpty();
    }
}
