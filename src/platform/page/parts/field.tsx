import { createContext, useContext, useId, type InputHTMLAttributes } from 'react';

/** An error of a form, and the name of the field that it is about. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

export const FieldErrorContext = createContext<FieldError | null>(null);

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: string;
  readonly name: string;
}

/** An input with its label, and below it the error of the last attempt if it is about this field. */
export function Field({ label, ...input }: FieldProps) {
  const id = useId();
  const error = useContext(FieldErrorContext);
  const message = error?.field === input.name ? error.message : null;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        {...input}
        aria-invalid={message !== null}
        aria-describedby={message === null ? undefined : `${id}-error`}
      />
      {message !== null && (
        <p className="field-error" id={`${id}-error`} role="alert">
          {message}
        </p>
      )}
    </div>
  );
}
