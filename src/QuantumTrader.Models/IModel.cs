namespace QuantumTrader.Models;

/// <summary>Turns the values of a feature vector into class probabilities. One thread at a time.</summary>
public interface IModel : IDisposable
{
    /// <summary>Name that predictions carry.</summary>
    string Name { get; }

    /// <summary>Hash of the feature names that the model was trained on; see <see cref="Features.FeatureSchema.Hash"/>.</summary>
    string FeatureHash { get; }

    /// <summary>Names of the outputs in order, such as <c>up</c>.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>Predicts one row.</summary>
    /// <param name="features">One finite value per feature name, in their order.</param>
    /// <returns>One probability per class; valid until the next call.</returns>
    ReadOnlySpan<double> Predict(ReadOnlySpan<double> features);
}
