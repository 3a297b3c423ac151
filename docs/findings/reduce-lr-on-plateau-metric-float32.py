"""ReduceLROnPlateau does not see improvements below 1e-7 of the metric."""

import keras

callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=2, min_delta=0.0)
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.SGD(1.0), "mse")
callback.set_model(model)
callback.on_train_begin()
for epoch in range(4):
    callback.on_epoch_end(epoch, {"loss": 1.0 - 1e-9 * epoch})
print("expected 1.0: every epoch was better")
print("actual  ", round(float(model.optimizer.learning_rate), 4))
raise SystemExit(float(model.optimizer.learning_rate) < 1)
