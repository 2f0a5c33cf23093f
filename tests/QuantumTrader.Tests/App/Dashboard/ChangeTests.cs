using Microsoft.Playwright;
using QuantumTrader.Tests.App.Hosting;

namespace QuantumTrader.Tests.App.Dashboard;

[Collection(DashboardCollection.Name)]
public sealed class ChangeTests(DashboardFixture dashboard)
{
    [BrowserFact]
    public async Task A_candidate_is_promoted_and_rolled_back_through_the_page()
    {
        await using var served = await dashboard.StartAsync(0);
        await using var open = await OpenPage.AtAsync(dashboard.Browser, served.Address, "rollout");
        await open.Says(".phase .panel-head", "shadow");

        // The host refuses what the step is not ready for, and says why; so it is asked until the gates have passed.
        await PageTests.Eventually(async () => await DoAsync(open, ".phase [data-verb=promote]", "the gates have passed"));
        await open.Says(".phase .panel-head", "serving 20%");
        await open.Says(".phase .entries", "the gates have passed");

        (await DoAsync(open, "[data-level='1']", "it was a drill")).ShouldBeTrue();
        await open.Says(".phase .panel-head", "aborted");
        await open.Says(".phase .entries", "it was a drill");
        await Assertions.Expect(open.Page.Locator(".phase [data-verb=retry]")).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task Trading_is_stopped_and_resumed_through_the_page()
    {
        await using var served = await dashboard.StartAsync(0);
        await using var open = await OpenPage.AtAsync(dashboard.Browser, served.Address, "trading");
        await open.Says("[data-test=kill]", "Trading is allowed");

        (await DoAsync(open, "[data-verb=kill]", "the market is odd")).ShouldBeTrue();
        await open.Says("[data-test=kill]", "Trading is stopped");
        await open.Says("[data-test=kill]", "the market is odd");

        (await DoAsync(open, "[data-verb=resume]", "it is calm again")).ShouldBeTrue();
        await open.Says("[data-test=kill]", "Trading is allowed");
    }

    [BrowserFact]
    public async Task Nothing_is_changed_without_confirmation_or_with_a_wrong_token()
    {
        await using var open = await OpenPage.AtAsync(dashboard.Browser, dashboard.Address, "trading");
        await open.Page.Locator("[data-verb=kill]").ClickAsync();
        await Assertions.Expect(open.Page.Locator("dialog")).ToBeVisibleAsync();
        await open.Page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(open.Page.Locator("dialog")).ToBeHiddenAsync();

        (await DoAsync(open, "[data-verb=kill]", "a guess", "not the token")).ShouldBeFalse();
        await open.Says("dialog [role=alert]", "The host refused the token");
        await open.Page.Keyboard.PressAsync("Escape");
        await open.Says("[data-test=kill]", "Trading is allowed");
    }

    /// <summary>Presses a button and confirms; true when the host did it, false when it refused.</summary>
    private static async Task<bool> DoAsync(OpenPage open, string button, string reason, string token = HostedRun.Token)
    {
        var dialog = open.Page.Locator("dialog");
        if (!await dialog.IsVisibleAsync())
        {
            await open.Page.Locator(button).ClickAsync();
        }

        await dialog.Locator("input[name=reason]").FillAsync(reason);
        await dialog.Locator("input[name=token]").FillAsync(token);
        var answered = open.Page.WaitForResponseAsync(r => r.Request.Method == "POST");
        await dialog.Locator("button[type=submit]").ClickAsync();
        var isDone = (await answered).Ok;
        await (isDone ? Assertions.Expect(dialog).ToBeHiddenAsync() : Assertions.Expect(dialog.Locator("[role=alert]")).ToBeVisibleAsync());
        return isDone;
    }
}
